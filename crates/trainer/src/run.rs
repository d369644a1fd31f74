//! A training from configuration and recordings to its end.

use std::path::Path;
use std::time::Instant;

use diagnosis::journal::Event;
use speaker_model::{LossChoice, LossConfig, Origin};

use crate::TrainError;
use crate::config::{CONFIG_FILE, TrainConfig};
use crate::data::{DataFingerprint, FingerprintOf, Unlabelled, check_disjoint, data_hash};
use crate::initial::{Initial, InitialOrigin};
use crate::material::Material;
use crate::options::{Notice, RunOptions, TrainData};
use crate::preflight::preflight_event;
use crate::training::{Outcome, RunDirectory, RunLock, Training};

/// Trains a network on `data` as `config` says, and leaves checkpoints, bundles and journal in `options.out`.
///
/// # Errors
/// Any [`TrainError`]; [`TrainError::NonFinite`] where the loss or its gradient is no longer a number, [`TrainError::Busy`]
/// where another process trains in the directory. The last checkpoint is whole whatever happens.
pub fn train(
    config: &TrainConfig,
    data: &TrainData,
    options: &RunOptions<'_>,
    notify: &(dyn Fn(Notice<'_>) + Sync),
) -> Result<Outcome, TrainError> {
    train_with::<LossConfig>(config, data, options, notify)
}

/// [`train`] with any loss, also one of one's own: it is optimised, checkpointed and resumed like those of `speaker-model`.
///
/// # Errors
/// As [`train`].
pub fn train_with<C: LossChoice>(
    config: &TrainConfig<C>,
    data: &TrainData,
    options: &RunOptions<'_>,
    notify: &(dyn Fn(Notice<'_>) + Sync),
) -> Result<Outcome, TrainError> {
    let began = Instant::now();
    config.validate()?;
    check_teacher(config, data)?;
    check_disjoint(&data.train, &data.dev, data.dev_manifest.as_ref())?;
    if options.out.exists() && !options.out.is_dir() {
        return Err(TrainError::NotADirectory {
            path: options.out.clone(),
        });
    }
    std::fs::create_dir_all(&options.out).map_err(TrainError::io(&options.out))?;
    let _lock = RunLock::take(&options.out)?;
    let (run, planned_steps) = open_run(config, options)?;
    let resumes = options.resume && run.has_checkpoint();
    let initial = data.initial.as_ref().filter(|_| !resumes);
    check_initial(config, initial)?;
    let begun_with = match resumes {
        true => InitialOrigin::read(run.path())?,
        false => initial.map(Initial::origin).cloned(),
    };
    let material = Material::prepare(config, data, options, begun_with.as_ref(), notify)?;
    let fingerprint = DataFingerprint::of(
        &material.manifest,
        FingerprintOf {
            dev: &data.dev,
            sounds: &material.sounds,
            teacher: data.teacher.as_ref(),
            unlabelled: material.unlabelled().map(Unlabelled::manifest),
            contents: material.contents.clone(),
        },
    );
    match resumes {
        true => {
            fingerprint.check(run.path())?;
            // A run that is refused stays as it was.
            write_config(config, &run)?;
        }
        false => fingerprint.write(run.path())?,
    }
    let origin = Origin {
        data: data.description.clone(),
        data_hash: data_hash(&material.manifest),
        commit: options.commit.clone(),
        seed: config.seed,
        step: 0,
    };
    let training = Training {
        material: &material,
        options,
        run,
        origin,
        teacher: data.teacher.as_ref(),
        initial,
        resumes,
        planned_steps,
        began,
        notify,
    };
    training.run()
}

/// Checks what [`train`] with the same arguments checks before its first step, and writes nothing but cached features.
///
/// # Errors
/// Any [`TrainError`].
pub fn preflight(
    config: &TrainConfig,
    data: &TrainData,
    options: &RunOptions<'_>,
    notify: &(dyn Fn(Notice<'_>) + Sync),
) -> Result<Event, TrainError> {
    preflight_with::<LossConfig>(config, data, options, notify)
}

/// [`preflight`] with any loss.
///
/// # Errors
/// Any [`TrainError`].
pub fn preflight_with<C: LossChoice>(
    config: &TrainConfig<C>,
    data: &TrainData,
    options: &RunOptions<'_>,
    notify: &(dyn Fn(Notice<'_>) + Sync),
) -> Result<Event, TrainError> {
    config.validate()?;
    check_teacher(config, data)?;
    check_disjoint(&data.train, &data.dev, data.dev_manifest.as_ref())?;
    check_initial(config, data.initial.as_ref())?;
    let initial = data.initial.as_ref().map(Initial::origin);
    let material = Material::prepare(config, data, options, initial, notify)?;
    let device = material.device.clone().autodiff();
    let begun = material.begun(
        material.new_network(&device)?,
        data.initial.as_ref(),
        &device,
    )?;
    if let Some(words) = &begun.words {
        notify(Notice::Taken(words));
    }
    preflight_event(&material, &begun.network, 0)
}

/// Refuses a loss without the teacher that it compares with, a teacher that no loss listens to, and recordings that only a teacher
/// could say something of.
fn check_teacher<C: LossChoice>(
    config: &TrainConfig<C>,
    data: &TrainData,
) -> Result<(), TrainError> {
    match (config.loss.hears_teacher(), &data.teacher) {
        (true, None) => Err(TrainError::NoTeacher),
        (false, None) if data.unlabelled.is_some() => Err(TrainError::UnlabelledAlone),
        (false, Some(teacher)) => Err(TrainError::UnheardTeacher {
            name: teacher.origin().name.clone(),
        }),
        _ => Ok(()),
    }
}

/// Refuses a model to go on from that hears recordings otherwise.
fn check_initial<C: LossChoice>(
    config: &TrainConfig<C>,
    initial: Option<&Initial>,
) -> Result<(), TrainError> {
    initial.map_or(Ok(()), |initial| initial.check(&config.features))
}

/// Writes the configuration into the directory of a new run, or checks it where the run goes on: gives the steps that it was to
/// have until now.
fn open_run<C: LossChoice>(
    config: &TrainConfig<C>,
    options: &RunOptions<'_>,
) -> Result<(RunDirectory, Option<u64>), TrainError> {
    let run = RunDirectory::new(&options.out);
    if run.has_checkpoint() && !options.resume {
        return Err(TrainError::RunExists {
            path: run.path().to_owned(),
        });
    }
    if run.has_checkpoint() {
        let saved = run.configuration()?;
        check_same(&saved, config, &run.path().join(CONFIG_FILE))?;
        return Ok((run, Some(saved.max_steps)));
    }
    write_config(config, &run)?;
    Ok((run, None))
}

fn write_config<C: LossChoice>(
    config: &TrainConfig<C>,
    run: &RunDirectory,
) -> Result<(), TrainError> {
    let path = run.path().join(CONFIG_FILE);
    let text = toml::to_string(config).map_err(|error| TrainError::Config {
        place: path.display().to_string(),
        found: error.to_string(),
        remedy: "report this as a defect",
    })?;
    durable::write(&path, text.as_bytes()).map_err(TrainError::io(&path))
}

/// A run goes on with the configuration that it began with, but for when it ends and how often it is looked at.
fn check_same<C: LossChoice>(
    saved: &TrainConfig<C>,
    config: &TrainConfig<C>,
    path: &Path,
) -> Result<(), TrainError> {
    let with_ends_of_config = TrainConfig {
        max_steps: config.max_steps,
        max_minutes: config.max_minutes,
        eval_every: config.eval_every,
        patience: config.patience,
        ..saved.clone()
    };
    if with_ends_of_config == *config {
        return Ok(());
    }
    Err(TrainError::OtherConfiguration {
        path: path.to_owned(),
    })
}
