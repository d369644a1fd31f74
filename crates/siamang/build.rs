//! Lists the voices that are built into the library.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn main() {
    let root = Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default())
        .join("../../data/voices");
    println!("cargo::rerun-if-changed={}", root.display());
    let mut files = Vec::new();
    list(&root, &mut files);
    files.sort();
    let mut text = String::from("&[\n");
    for file in files {
        let name = file.strip_prefix(&root).unwrap_or(&file);
        let parts: Vec<_> = name.iter().map(|part| part.to_string_lossy()).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "({:?}, include_bytes!({file:?})),", parts.join("/"));
    }
    text.push(']');
    let out = PathBuf::from(std::env::var("OUT_DIR").unwrap_or_default()).join("voices.rs");
    if let Err(error) = std::fs::write(&out, text) {
        println!("cargo::error=cannot write {}: {error}", out.display());
    }
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            println!("cargo::error=cannot read {}: {error}", folder.display());
            return;
        }
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            list(&path, files);
        } else {
            files.push(path);
        }
    }
}
