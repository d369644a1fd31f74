//! A contender of `cargo xtask bench`: prepares its work, says that it is ready, and does it once for every line of
//! standard input. Each time it prints one JSON object with the wall and processor time in ms, so that several
//! contenders can take turns.

mod burn_lstm;
mod encoders;
mod linkage;
mod log_mel;
mod matmul;
mod models;
mod parts;
mod program;
mod step;

use std::ffi::OsString;
use std::io::{BufRead, Write};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;
use burn::tensor::Device;
use clap::{Parser, Subcommand};
use serde_json::json;

/// One contender.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    work: Work,
    /// Threads.
    #[arg(long, global = true, default_value_t = 1)]
    threads: usize,
    /// Burn's backend for the networks.
    #[arg(long, global = true, default_value = "flex", value_parser = speaker_model::device)]
    device: Device,
}

#[derive(Subcommand)]
enum Work {
    /// A training step of the paper's network for 100 speakers.
    TrainStep(Size),
    /// A training step of a convolutional encoder.
    TrainEncoder {
        #[arg(value_enum)]
        network: encoders::Network,
        /// Channels of its first layer.
        #[arg(long)]
        channels: usize,
        #[command(flatten)]
        size: Size,
    },
    /// One part of that step.
    Part {
        #[arg(value_enum)]
        part: parts::Part,
        #[command(flatten)]
        size: Size,
    },
    /// The embeddings of a batch by the paper's network.
    Infer(Size),
    /// The same training step with Burn's own `BiLstm`.
    BurnTrainStep(Size),
    /// The same embeddings with Burn's own `BiLstm`.
    BurnInfer(Size),
    /// Log-mel features of a recording.
    LogMel {
        /// `kaldi` or `librosa`.
        preset: String,
        /// A recording.
        audio: PathBuf,
    },
    /// Complete linkage of random embeddings on cosine.
    Linkage {
        /// Embeddings.
        #[arg(long)]
        points: usize,
    },
    /// The matrix products of a training step's recurrent layers by the `gemm` crate alone: the floor.
    Matmul(Size),
    /// The embedding of one segment by a network that others publish, with random weights.
    Model {
        #[arg(value_enum)]
        model: models::Model,
        /// Frames of the segment.
        #[arg(long)]
        frames: usize,
    },
    /// The same by the graph that `write-model` wrote, in the runtime of ours.
    Graph {
        file: PathBuf,
        /// Frames of the segment.
        #[arg(long)]
        frames: usize,
    },
    /// Writes such a network as an ONNX file, with the features of one segment beside it, and ends.
    WriteModel {
        #[arg(value_enum)]
        model: models::Model,
        /// Frames of the segment.
        #[arg(long)]
        frames: usize,
        /// The ONNX file.
        #[arg(long)]
        out: PathBuf,
    },
    /// Any program from its start to its end, which prints one JSON object.
    Program {
        /// Field of that object to give as the number that its peers should give too.
        #[arg(long)]
        check: String,
        /// The program and its arguments.
        #[arg(last = true, required = true)]
        command: Vec<OsString>,
    },
}

/// Size of a batch.
#[derive(clap::Args, Clone, Copy)]
struct Size {
    /// Segments.
    #[arg(long)]
    batch: usize,
    /// Frames of each.
    #[arg(long)]
    frames: usize,
    /// Products of bf16 in the recurrent layers of ours.
    #[arg(long)]
    bf16: bool,
}

/// Features of a frame, units of a direction and training speakers of the paper's network.
const NUM_BINS: usize = 128;
const HIDDEN: usize = 256;
const SPEAKERS: usize = 100;

/// The work, done once; it gives a number that its peers should give too.
type Repetition = Box<dyn FnMut() -> Result<f64>>;

/// Numbers from 0 to 1, always the same; benches/peers/linkage.py has the same generator.
fn uniform() -> impl Iterator<Item = f32> {
    let next = |state: &u32| Some(state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
    let states = std::iter::successors(Some(1_u32), next).skip(1);
    states.map(|state| (state >> 8) as f32 / (1 << 24) as f32)
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    process::keep_freed_memory();
    // The process's threads flush denormal numbers, as those of `siamang` do.
    process::start_threads(NonZeroUsize::new(arguments.threads))?;
    process::flushing_denormals(|| {
        let device = arguments.device;
        let repetition = match arguments.work {
            Work::TrainStep(size) => step::train(size, device)?,
            Work::TrainEncoder {
                network,
                channels,
                size,
            } => encoders::train(network, channels, size, device)?,
            Work::Part { part, size } => parts::part(part, size, device)?,
            Work::Infer(size) => step::infer(size, device)?,
            Work::BurnTrainStep(size) => burn_lstm::train(size, device),
            Work::BurnInfer(size) => burn_lstm::infer(size, device),
            Work::LogMel { preset, audio } => log_mel::log_mel(&preset, &audio)?,
            Work::Linkage { points } => linkage::linkage(points)?,
            Work::Matmul(size) => matmul::matmul(size),
            Work::Model { model, frames } => models::embed(model, frames, &device)?,
            Work::Graph { file, frames } => models::graph(&file, frames)?,
            Work::WriteModel { model, frames, out } => {
                return models::write(model, frames, &out, &device);
            }
            Work::Program { check, command } => program::program(check, command)?,
        };
        take_turns(repetition)
    })
}

/// Does the work whenever a line comes.
fn take_turns(mut repetition: Repetition) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", json!({"ready": true}))?;
    out.flush()?;
    for line in std::io::stdin().lock().lines() {
        line?;
        // The clock runs for the work alone, not while the system is asked for processor time.
        let cpu = program::processor_time()?;
        let start = Instant::now();
        let check = repetition()?;
        let wall = start.elapsed();
        let cpu = program::processor_time()? - cpu;
        let answer = json!({
            "wall_ms": wall.as_secs_f64() * 1e3,
            "cpu_ms": cpu.as_secs_f64() * 1e3,
            "check": check,
        });
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}
