//! `prepare voxceleb`.

use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Instant;

use audio_features::store::{PackProgress, Store};

use super::progress::shown_time;
use super::{Figures, PackArgs, Progress, Screen, Status, out, report};
use crate::disk::free_bytes;
use crate::error::PrepError;
use crate::estimate::Estimate;
use crate::voxceleb::{VoxcelebPlan, VoxcelebSources, odd_lengths, shown_bytes};

/// Make a packed store of VoxCeleb from what you have of it.
///
/// Parts of split archives are read as they are, nothing is joined or unpacked. Interrupted, the same command goes on.
#[derive(Clone, Debug, clap::Args)]
pub struct VoxcelebArgs {
    /// Folder with VoxCeleb1: vox1_dev_wav_parta*, vox1_test_wav.zip, or unpacked; vox1_meta.csv.
    #[arg(long, value_name = "DIR", required_unless_present = "vox2")]
    pub vox1: Option<PathBuf>,
    /// Folder with VoxCeleb2: vox2_dev_aac_parta*, vox2_test_aac.zip, or unpacked; vox2_meta.csv.
    #[arg(long, value_name = "DIR")]
    pub vox2: Option<PathBuf>,
    /// Store, encoding, threads and part.
    #[command(flatten)]
    pub pack: PackArgs,
    /// Only the first N speakers by id.
    #[arg(long, value_name = "N")]
    pub limit_speakers: Option<usize>,
    /// Do not compare the archives with their published sums.
    #[arg(long)]
    pub no_verify: bool,
}

impl VoxcelebArgs {
    /// Does it, and prints plan, progress and summary.
    ///
    /// # Errors
    /// [`PrepError`]; nothing is printed for it.
    pub fn run(&self, screen: Screen) -> Result<Status, PrepError> {
        self.pack.on_threads(|jobs| self.run_on(jobs, screen))
    }

    fn run_on(&self, jobs: usize, screen: Screen) -> Result<Status, PrepError> {
        let begin = Instant::now();
        let progress = Progress::new(screen);
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
        let plan = plan?;
        plan.notes.iter().for_each(|note| screen.note(note));
        plan.warnings
            .iter()
            .for_each(|warning| screen.warn(warning));
        let settings = self.pack.settings();
        let estimate = plan.estimate(&settings, self.pack.shard, jobs);
        if !screen.json {
            out(&self.plan_text(&plan, &estimate, jobs));
        }
        plan.check_room(&self.pack.out, &estimate)?;
        if self.pack.plan {
            if screen.json {
                out(&format!(
                    "{}\n",
                    serde_json::json!({
                        "speakers": plan.num_speakers(),
                        "utterances": estimate.utterances,
                        "hours": estimate.hours,
                        "bytes_to_read": estimate.bytes_to_read,
                        "bytes_to_write": estimate.bytes_to_write,
                        "bytes_free": free_bytes(&self.pack.out),
                        "seconds": estimate.seconds,
                        "sets": plan.counts(),
                        "warnings": plan.warnings,
                    })
                ));
            }
            return Ok(Status::Done);
        }
        let look_s = begin.elapsed().as_secs_f64();
        let begin = Instant::now();
        let progress = Progress::new(screen);
        let last = Mutex::new(PackProgress::default());
        let summary = plan.pack(&self.pack.out, &settings, self.pack.shard, &|state| {
            if let Ok(mut last) = last.lock() {
                *last = *state;
            }
            progress.packing(state);
        });
        progress.end();
        let summary = summary?;
        let pack_s = begin.elapsed().as_secs_f64();
        let last = last.into_inner().unwrap_or_default();
        if last.resumed > 0 {
            screen.note(&format!("went on after {} utterances", last.resumed));
        }
        let mut warnings = plan.warnings.clone();
        let odd = odd_lengths(&Store::open(&self.pack.out)?)?;
        if odd > 0 {
            let text = format!(
                "{odd} utterances of VoxCeleb1 do not have 640 n + 1 samples, as all published ones have"
            );
            screen.warn(&text);
            warnings.push(text);
        }
        let figures = Figures::new(look_s, pack_s, &last);
        Ok(report(
            screen,
            &self.pack.out,
            &summary,
            &plan.counts(),
            &warnings,
            &figures,
        ))
    }

    fn plan_text(&self, plan: &VoxcelebPlan, estimate: &Estimate, jobs: usize) -> String {
        let mut text = String::new();
        for set in plan.counts() {
            text += &format!(
                "{} {}: {} speakers, {} videos, {} of {} utterances\n",
                set.corpus,
                set.split,
                set.speakers,
                set.videos,
                set.utterances,
                set.expected_utterances
            );
        }
        let part = match self.pack.shard {
            Some(part) => format!(" (part {part})"),
            None => String::new(),
        };
        text + &format!(
            "plan{part}: {} speakers, {} files, about {:.1} h; {} to read, about {} to write as {}, {} free; about {} on {jobs} threads\n",
            plan.num_speakers(),
            estimate.utterances,
            estimate.hours,
            shown_bytes(estimate.bytes_to_read),
            shown_bytes(estimate.bytes_to_write),
            self.pack.encoding,
            free_bytes(&self.pack.out).map_or("?".to_owned(), shown_bytes),
            shown_time(estimate.seconds),
        )
    }
}
