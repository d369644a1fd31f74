//! The `siamang` command: from recordings to embeddings that verify and cluster speakers.
//!
//! This crate knows what the user asked for, how to print an answer, and with which exit code to end. How
//! anything is done is the business of the other crates.

mod args;
mod atomic;
mod centre;
mod commands;
mod console;
mod context;
mod costs;
mod embedding;
mod embeddings;
mod fault;
mod few;
mod hearing;
mod hint;
mod history;
mod model;
mod output;
mod recordings;
mod register;
mod stdin;
mod summed;
mod tables;
mod training;
mod trials;

use std::process::ExitCode;

use clap::Parser;

use args::{Arguments, Command};
use commands::{
    adapt, calibrate, check, cluster, cluster_protocol, doctor, embed, enrol, eval, export,
    identify, identify_protocol, import, merge, models, prepare, reembed, report, score, train,
    trials as lists, verify, voices,
};
use context::Context;
use fault::ExitStatus;

fn main() -> ExitCode {
    process::keep_freed_memory();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // A closed output leaves nobody to tell; the exit code still says it.
            let _ = error.print();
            return match error.use_stderr() {
                true => ExitStatus::Usage.into(),
                false => ExitStatus::Done.into(),
            };
        }
    };
    let context = Context::new(&arguments.global);
    let result = context
        .use_simd()
        .and_then(|()| context.use_threads())
        .and_then(|()| process::flushing_denormals(|| run(&arguments, &context)));
    match result {
        Ok(status) => status.into(),
        Err(error) if fault::is_closed_output(&error) => ExitStatus::Done.into(),
        Err(error) => fault::error(&error, arguments.global.verbose).into(),
    }
}

/// Runs the command that was asked for.
fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<ExitStatus> {
    match &arguments.command {
        Command::Train(args) => train::run(args, &arguments.global, context),
        Command::Adapt(args) => adapt::run(args, context),
        Command::Calibrate(args) => calibrate::run(args, context),
        Command::Embed(args) => embed::run(args, context),
        Command::Verify(args) => verify::run(args, context),
        Command::Score(args) => score::run(args, context),
        Command::Eval(args) => eval::run(args, context),
        Command::Cluster(args) => cluster::run(args, context),
        Command::ClusterProtocol(args) => cluster_protocol::run(args, context),
        Command::Enrol(args) => enrol::run(args, context),
        Command::Identify(args) => identify::run(args, context),
        Command::List(args) => voices::list(args, context),
        Command::Show(args) => voices::show(args, context),
        Command::Rename(args) => voices::rename(args, context),
        Command::Forget(args) => voices::forget(args, context),
        Command::Reembed(args) => reembed::run(args, context),
        Command::IdentifyProtocol(args) => identify_protocol::run(args, context),
        Command::Check(args) => check::run(args, context),
        Command::Report(args) => report::run(args, context),
        Command::Doctor(args) => doctor::run(args, &arguments.global),
        Command::Trials(args) => lists::run(args, context),
        Command::Export(args) => export::run(args, context),
        Command::Import(args) => import::run(args, context),
        Command::Models(args) => models::run(args, context),
        Command::Prepare(args) => prepare::run(args, context),
        Command::Merge(args) => merge::run(args, context),
    }
}
