//! `cargo xtask`: what a developer of Siamang runs that a user of `siamang` does not need.

mod bench;
mod commands;
mod fetch;
mod sabotage;
mod voices;

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use commands::{
    band, bench as bench_command, fetch as fetch_command, ladder, make_voices, prepare_voxceleb,
    sabotage as sabotage_command,
};

/// Commands for those who work on Siamang.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Remake the small corpus of synthetic voices in data/voices, or check it.
    MakeVoices(make_voices::MakeVoices),
    /// Make a packed store of VoxCeleb from its archives.
    PrepareVoxceleb(prepare_voxceleb::PrepareVoxceleb),
    /// Download a corpus that may be passed on.
    Fetch(fetch_command::Fetch),
    /// Time Siamang beside its peers in one interleaved run.
    Bench(bench_command::Bench),
    /// Keep where the curves of healthy runs lie, for reports.
    Band(band::Band),
    /// Rebuild the version that failed and mend one wrong assumption a rung.
    Ladder(ladder::Ladder),
    /// Spoil trainings on purpose and see whether the diagnosis finds out.
    Sabotage(sabotage_command::Sabotage),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::MakeVoices(command) => make_voices::run(&command).map(|()| 0),
        Command::PrepareVoxceleb(command) => prepare_voxceleb::run(&command),
        Command::Fetch(command) => fetch_command::run(&command).map(|()| 0),
        Command::Bench(command) => bench_command::run(&command).map(|()| 0),
        Command::Band(command) => band::run(&command).map(|()| 0),
        Command::Ladder(command) => ladder::run(&command).map(|()| 0),
        Command::Sabotage(command) => sabotage_command::run(&command).map(|()| 0),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            // A closed standard error leaves nobody to tell; the exit code still says it.
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
