//! What was typed.

use clap::{Parser, Subcommand};

use crate::commands::{
    adapt, calibrate, check, cluster, cluster_protocol, doctor, embed, enrol, eval, export,
    identify, identify_protocol, import, merge, models, prepare, reembed, report, score, train,
    trials, verify, voices,
};
use crate::context::Global;

const EXIT_CODES: &str = "\
Exit codes: 0 done; 1 failed; 2 wrong usage; 3 finished, but some inputs were skipped or could not
be judged, which standard error names; 4 a training that stopped itself; 5 an adaptation that did
not help, of which nothing was written; 130 interrupted.

Model, voices and configurations are built in. SIAMANG_MODEL names another model for all commands,
SIAMANG_DATA a folder whose `models/default`, `voices` and `configs/*.toml` replace them.";

/// Who speaks? Recordings to embeddings that verify and cluster speakers.
#[derive(Debug, Parser)]
#[command(name = "siamang", version, max_term_width = 100, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Train a model on recordings of known speakers.
    Train(train::Args),
    /// Adapt a model to recordings of one's own, if that helps.
    Adapt(adapt::Args),
    /// Find out what a model's scores mean, from labelled trials.
    Calibrate(calibrate::Args),
    /// Turn recordings into embeddings.
    Embed(embed::Args),
    /// Are two recordings of one speaker?
    Verify(verify::Args),
    /// Score the trials of a list.
    Score(score::Args),
    /// Measure a model on trial lists: EER, minDCF, and their intervals.
    Eval(eval::Args),
    /// Group recordings by speaker, and measure the groups where the speakers are known.
    Cluster(cluster::Args),
    /// Measure clustering as papers do, over several draws of speakers.
    ClusterProtocol(cluster_protocol::Args),
    /// Enrol a voice in a register, or more recordings of one.
    Enrol(enrol::Args),
    /// Who speaks, of the voices of a register, or nobody of them.
    Identify(identify::Args),
    /// List the voices of a register.
    List(voices::ListArgs),
    /// Show what a register holds of a voice.
    Show(voices::ShowArgs),
    /// Give a voice of a register another name.
    Rename(voices::RenameArgs),
    /// Forget voices: their names and vectors are in no file of the register afterwards.
    Forget(voices::ForgetArgs),
    /// Make a register for another model of the recordings of a register.
    Reembed(reembed::Args),
    /// Measure identification: how often the enrolled are not named where others seldom are.
    IdentifyProtocol(identify_protocol::Args),
    /// Find what is wrong with data before a training does.
    Check(check::Args),
    /// Say what is wrong with a training, and what to try next.
    Doctor(doctor::Args),
    /// Show a run, or several beside each other, in a browser.
    Report(report::Args),
    /// What trial lists ask, and the cleaned Vox1-O from the original.
    Trials(trials::Args),
    /// Write the model of a run as a bundle to give away, or as an ONNX file.
    Export(export::Args),
    /// Make a bundle of a network that others trained.
    Import(import::Args),
    /// List the networks of others that are known.
    Models(models::Args),
    /// Make a packed store of a corpus, from its archives or unpacked.
    Prepare(prepare::Args),
    /// Join the parts that `--shard` made: stores, or embeddings.
    Merge(merge::Args),
}
