//! Are two recordings of one speaker? `cargo run --release -p siamang --example compare [A B]`
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example prints what it found"
)]

use std::path::PathBuf;

use siamang::{Error, Model};

fn main() -> Result<(), Error> {
    let mut paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    if paths.is_empty() {
        let voices = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/voices"));
        paths = ["v01/s1/u1.ogg", "v01/s2/u1.ogg"]
            .map(|name| voices.join(name))
            .into();
    }
    let [a, b] = paths.as_slice() else {
        eprintln!("give two recordings");
        return Ok(());
    };
    let model = Model::builtin()?;
    let answer = model.verify(a, b)?;
    for (path, side) in [(a, &answer.a), (b, &answer.b)] {
        println!("{:.1} s of {}", side.quality.seconds, path.display());
        for warning in &side.warnings {
            println!("  {warning}");
        }
    }
    let words = match answer.is_same_speaker() {
        Some(true) => "the same speaker",
        Some(false) => "different speakers",
        None => "the model's card states no threshold",
    };
    println!("cosine {:.3}: {words}", answer.score);
    Ok(())
}
