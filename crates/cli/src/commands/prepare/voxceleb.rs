//! `prepare voxceleb`.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;
use corpus_prep::{VoxcelebPlan, VoxcelebSources};

use super::flags::PackArgs;
use super::packing::run_plan;
use super::progress::Progress;
use crate::context::Context;
use crate::fault::ExitStatus;

/// Make a packed store of VoxCeleb from what you have of it.
///
/// Parts of split archives are read as they are, nothing is joined or unpacked. Interrupted, the same command goes on.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct VoxcelebArgs {
    /// Folder with VoxCeleb1: vox1_dev_wav_parta*, vox1_test_wav.zip, or unpacked; vox1_meta.csv.
    #[arg(long, value_name = "DIR", required_unless_present = "vox2")]
    pub(crate) vox1: Option<PathBuf>,
    /// Folder with VoxCeleb2: vox2_dev_aac_parta*, vox2_test_aac.zip, or unpacked; vox2_meta.csv.
    #[arg(long, value_name = "DIR")]
    pub(crate) vox2: Option<PathBuf>,
    /// Store, encoding, threads and part.
    #[command(flatten)]
    pub(crate) pack: PackArgs,
    /// Only the first N speakers by id.
    #[arg(long, value_name = "N")]
    pub(crate) limit_speakers: Option<usize>,
    /// Do not compare the archives with their published sums.
    #[arg(long)]
    pub(crate) no_verify: bool,
}

impl VoxcelebArgs {
    /// Does it, and prints plan, progress and summary.
    pub(crate) fn run(&self, context: &Context) -> Result<ExitStatus> {
        self.pack.on_threads(|jobs| self.run_on(jobs, context))
    }

    fn run_on(&self, jobs: usize, context: &Context) -> Result<ExitStatus> {
        let begin = Instant::now();
        let progress = Progress::new(&context.console);
        let sources = VoxcelebSources {
            vox1: self.vox1.clone(),
            vox2: self.vox2.clone(),
            limit_speakers: self.limit_speakers,
            verify_parts: !self.no_verify,
        };
        let plan = VoxcelebPlan::make(&sources, &|what, done, total| {
            progress.bytes(what, done, total);
        });
        progress.end();
        run_plan(&plan?, &self.pack, context, jobs, begin)
    }
}
