//! Goes through the cases: what is done is not done again, and what fails does not stop the rest.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::sabotage::bases::{Base, MIXED};
use crate::sabotage::case::{Case, DEFAULT, Mend, STEPS, Setting, times, to};
use crate::sabotage::corpora::{Corpora, Drawn};
use crate::sabotage::kit::Kit;
use crate::sabotage::trial::configuration::{changed, shown};
use crate::sabotage::trial::judge::judge;
use crate::sabotage::trial::program::{Program, Training};
use crate::sabotage::trial::record::{Outcome, Record, Records, append};
use crate::sabotage::write::write;

/// Where it is run, with what.
pub(crate) struct Campaign {
    pub(crate) corpora: Corpora,
    pub(crate) augmentation: PathBuf,
    pub(crate) program: Program,
    /// Folder of all that is written.
    pub(crate) out: PathBuf,
    /// Results, one a line.
    pub(crate) results: PathBuf,
    pub(crate) jobs: usize,
    /// Keep the runs and recordings of every case.
    pub(crate) keep: bool,
}

/// A case to do.
#[derive(Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) case: Case,
    /// Seed of the training.
    pub(crate) seed: u64,
    /// Seed of who is drawn, and of what is done to them.
    pub(crate) data_seed: u64,
    /// Whether the advice is obeyed.
    pub(crate) obeys: bool,
}

/// The trainings of data that were not spoiled, which cases share; the first who asks trains while the others wait.
type Shared = Mutex<HashMap<String, Arc<Mutex<Option<Outcome>>>>>;

/// Does what is not done yet.
pub(crate) fn run(campaign: &Campaign, wanted: &[Wanted]) -> Result<()> {
    std::fs::create_dir_all(&campaign.out)
        .with_context(|| format!("cannot make {}", campaign.out.display()))?;
    let known = Records::read(&campaign.results)?;
    let left: Vec<&Wanted> = wanted
        .iter()
        .filter(|one| !known.has(one.case.name, one.seed))
        .collect();
    let version = campaign.program.version()?;
    let next = AtomicUsize::new(0);
    let shared = Shared::default();
    let writing = Mutex::new(());
    let work = || -> Result<()> {
        while let Some(one) = left.get(next.fetch_add(1, Ordering::Relaxed)) {
            let mut record = campaign.done(one, &shared).unwrap_or_else(|error| {
                let mut record = named(one);
                record.error = Some(format!("{error:#}"));
                record
            });
            record.version.clone_from(&version);
            let _guard = writing.lock().unwrap_or_else(PoisonError::into_inner);
            append(&campaign.results, &record)?;
            say(&record)?;
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..campaign.jobs.max(1))
            .map(|_| scope.spawn(work))
            .collect();
        for worker in workers {
            match worker.join() {
                Ok(result) => result?,
                Err(_) => anyhow::bail!("a worker stopped"),
            }
        }
        Ok(())
    })
}

fn named(wanted: &Wanted) -> Record {
    let case = &wanted.case;
    Record {
        case: case.name.to_owned(),
        kind: case.kind.name().to_owned(),
        what: case.what.to_owned(),
        familiar: case.familiar,
        seed: wanted.seed,
        settings: case.settings.iter().map(shown).collect(),
        ..Record::default()
    }
}

fn say(record: &Record) -> std::io::Result<()> {
    let percent =
        |eer: Option<f64>| eer.map_or("-".to_owned(), |eer| format!("{:.1}", 100.0 * eer));
    writeln!(
        std::io::stderr(),
        "{} seed {}: {} {} ({}); right: {}; {} {} -> {}; {:.0} s{}",
        record.case,
        record.seed,
        record.verdict,
        record.first,
        record.severity,
        record.right,
        record.measure.as_deref().unwrap_or("-"),
        percent(record.before),
        percent(record.after),
        record.train_s,
        record
            .error
            .as_ref()
            .map_or(String::new(), |error| format!("; FAILED: {error}")),
    )
}

impl Campaign {
    fn done(&self, wanted: &Wanted, shared: &Shared) -> Result<Record> {
        let case = &wanted.case;
        let folder = self.out.join(format!("{}-{}", case.name, wanted.seed));
        clear(&folder)?;
        let drawn = self.corpora.draw(&case.base, wanted.data_seed)?;
        let held_back = self.held_back(&case.base, wanted.data_seed, &drawn, shared)?;
        let mut spoiled = drawn.material.clone();
        if let Some(spoil) = case.spoil {
            let mut kit = Kit::new(case.name, wanted.data_seed, &self.augmentation);
            spoil(&mut spoiled, &mut kit).context("cannot spoil the data")?;
        }
        let has_clean_dev = spoiled.has_dev_of(&drawn.material);
        let data = folder.join("data");
        write(&spoiled, &data)?;
        let mut training = self.training(case, case.settings, &data, &folder, wanted.seed)?;
        if case.has_untrained_teacher {
            let teacher = self.untrained(&data, &folder, wanted.seed)?;
            training.flags.push("--teacher".to_owned());
            training.flags.push(teacher.display().to_string());
        }
        let outcome = self.program.outcome(&training, &held_back)?;
        let mended = match case.mend.filter(|_| wanted.obeys) {
            None => None,
            Some(Mend::Undo) => Some(self.undone(wanted, &drawn, &held_back, shared)?),
            Some(Mend::Settings(settings)) => {
                let folder = folder.join("mended");
                clear(&folder)?;
                let training = self.training(case, settings, &data, &folder, wanted.seed)?;
                Some(self.program.outcome(&training, &held_back)?)
            }
        };
        let judgement = judge(case, &outcome, mended.as_ref(), has_clean_dev);
        let mut record = named(wanted);
        record.command = Program::shown(&training);
        record.first = match (&outcome.refusal, outcome.findings.first()) {
            (Some(message), _) => message.clone(),
            (None, Some(first)) => first.name.clone(),
            (None, None) => "-".to_owned(),
        };
        let refused = || outcome.refusal.as_ref().map(|_| "refused".to_owned());
        record.verdict = outcome.verdict.clone().or_else(refused).unwrap_or_default();
        let first = outcome.findings.first();
        record.severity = first.map_or("-".to_owned(), |first| first.severity.clone());
        record.names = outcome
            .findings
            .iter()
            .map(|one| one.name.clone())
            .collect();
        judgement.note(&mut record);
        record.train_s = outcome.train_s;
        record.checks_s = outcome.checks_s;
        record.checks_share = outcome.checks_share();
        record.spoiled = outcome;
        record.mended = mended;
        if !self.keep {
            clear(&folder)?;
        }
        Ok(record)
    }

    fn training<'a>(
        &self,
        case: &Case,
        settings: &[Setting],
        data: &'a Path,
        folder: &'a Path,
        seed: u64,
    ) -> Result<Training<'a>> {
        let flags: Vec<String> = [case.recipe.flags, case.flags]
            .concat()
            .iter()
            .map(|flag| (*flag).to_owned())
            .collect();
        let configuration = match settings {
            [] => None,
            settings => Some(changed(
                &self.program.configuration(data, &flags)?,
                settings,
            )?),
        };
        Ok(Training {
            data,
            folder,
            flags,
            configuration,
            steps: case.steps,
            seed,
        })
    }

    /// The folder of what was held back, which is written once.
    fn held_back(&self, base: &Base, seed: u64, drawn: &Drawn, shared: &Shared) -> Result<PathBuf> {
        let folder = self.out.join(format!("held back/{}-{seed}", base.name));
        // Nobody else writes it meanwhile.
        let _guard = shared.lock().unwrap_or_else(PoisonError::into_inner);
        if !folder.exists() {
            let making = folder.with_extension("making");
            clear(&making)?;
            write(&drawn.held_back, &making)?;
            std::fs::rename(&making, &folder)?;
        }
        Ok(folder)
    }

    /// The training without the sabotage: the same for all cases of a base and recipe.
    fn undone(
        &self,
        wanted: &Wanted,
        drawn: &Drawn,
        held_back: &Path,
        shared: &Shared,
    ) -> Result<Outcome> {
        let case = &wanted.case;
        let mut healthy = Case::healthy("undone", "", case.base).recipe(case.recipe);
        healthy.steps = match case.recipe == DEFAULT {
            true => STEPS,
            false => case.steps,
        };
        let name = format!(
            "{}-{}-{}-{}-{}",
            case.base.name, case.recipe.name, healthy.steps, wanted.data_seed, wanted.seed
        );
        let place = {
            let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(shared.entry(name.clone()).or_default())
        };
        let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(outcome) = &*place {
            return Ok(outcome.clone());
        }
        let folder = self.out.join("undone").join(&name);
        let kept = folder.join("outcome.json");
        let outcome = match std::fs::read_to_string(&kept) {
            Ok(text) => serde_json::from_str(&text).context("an outcome that was kept")?,
            Err(_) => {
                clear(&folder)?;
                let data = folder.join("data");
                write(&drawn.material, &data)?;
                let training = self.training(&healthy, &[], &data, &folder, wanted.seed)?;
                let outcome = self.program.outcome(&training, held_back)?;
                std::fs::write(&kept, serde_json::to_string(&outcome)?)?;
                if !self.keep {
                    std::fs::remove_dir_all(&data)?;
                }
                outcome
            }
        };
        *place = Some(outcome.clone());
        Ok(outcome)
    }

    /// A run that has learned nothing.
    fn untrained(&self, data: &Path, folder: &Path, seed: u64) -> Result<PathBuf> {
        let folder = folder.join("teacher");
        clear(&folder)?;
        // Whitened statistics would be no bad teacher.
        let settings = [
            to("encoder.input.whiten", "false"),
            times("optimiser.learning_rate", 1e-9),
        ];
        let mut case = Case::healthy("teacher", "", MIXED);
        case.steps = 1;
        let training = self.training(&case, &settings, data, &folder, seed)?;
        let outcome = self.program.outcome(&training, &folder)?;
        match outcome.refusal {
            None => Ok(folder.join("run")),
            Some(message) => anyhow::bail!("the teacher is refused: {message}"),
        }
    }
}

/// An empty folder.
fn clear(folder: &Path) -> Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)
            .with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))
}

/// How long a training may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(3_600);
