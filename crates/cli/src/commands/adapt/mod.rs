//! `siamang adapt`: a model for recordings of one's own.

mod args;
mod data;
mod report;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Result;
use siamang::{
    AdaptedData, Centre, EmbeddingSet, FoundMap, Input, LabelledSet, Model, Skipped,
    SpeechDetector, Watched, adapted_bundle, find_map, watch,
};
use speaker_eval::BootstrapSettings;
use speaker_model::EmbeddingModel;
use speech_data::TrialList;

pub(crate) use self::args::Args;
use self::data::Mine;
use self::report::Report;
use crate::console::{print_json, print_text};
use crate::context::Context;
use crate::fault::{ExitStatus, fault, usage};
use crate::few::Few;
use crate::model;
use crate::summed::Summed;
use crate::trials::read_list;

pub(crate) fn run(args: &Args, context: &Context) -> Result<ExitStatus> {
    let begin = Instant::now();
    refuse_own_place(args)?;
    let lists: Vec<TrialList> = args
        .also
        .iter()
        .map(|path| read_list(path))
        .collect::<Result<_>>()?;
    let settings = BootstrapSettings {
        resamples: usize::try_from(args.resamples).unwrap_or(usize::MAX),
        seed: args.seed,
        ..BootstrapSettings::default()
    };
    let model = model::load(args.model.as_deref(), context)?;
    let mine = Mine::read(args, context)?;
    let inputs: Vec<Input> = mine.manifest.utterances.iter().map(Input::of).collect();
    let (set, mut skipped) = embed(&model, &inputs, context)?;
    let (mut labelled, useless) = LabelledSet::new(set, &mine.manifest)?;
    Few::name_all(&context.console, &useless);
    if args.equalised > 0 {
        let embedder = model.embedder(Centre::Model);
        labelled.hear_channels(&embedder, args.equalised, args.seed, &context.console)?;
    }
    skipped.extend(useless);
    let found = find_map(&labelled, args.keep_anyway, &settings, &())?;
    let watched = match found.map {
        Some(_) if !lists.is_empty() => watch_all(
            args,
            &lists,
            &model,
            &found,
            &settings,
            &mut skipped,
            context,
        )?,
        _ => Vec::new(),
    };
    let (name, compute) = (model.name(), model.compute().clone());
    let is_written = found.is_helpful() || (args.keep_anyway && found.map.is_some());
    if is_written {
        let data = AdaptedData {
            description: mine.description.clone(),
            seed: args.seed,
        };
        if let Some(bundle) = adapted_bundle(model, &labelled, &found, &data)? {
            bundle.save(&args.out, bundle.config().weights)?;
            check(&Model::load_on(&args.out, compute)?)?;
        }
    }
    let report = Report {
        out: is_written.then(|| args.out.display().to_string()),
        model: name,
        helped: found.is_helpful(),
        n_speakers: labelled.num_speakers(),
        n_recordings: labelled.num_recordings(),
        n_speakers_tried: labelled.num_tried(),
        across_sessions: labelled.is_across_sessions(),
        n_copies: labelled.num_copies(),
        found: &found,
        also: &watched,
        skipped: &skipped,
        seconds: begin.elapsed().as_secs_f64(),
    };
    for warning in report.warnings(labelled.knows_sessions()) {
        context.console.warn(&warning);
    }
    match context.json {
        true => print_json(&report)?,
        false => print_text(&report.text())?,
    }
    let is_whole = skipped.is_empty() && !mine.is_less;
    let all_watched = watched.iter().all(|one| one.num_skipped_trials == 0);
    Ok(match (is_written, is_whole && all_watched) {
        (false, _) => ExitStatus::DidNotHelp,
        (true, false) => ExitStatus::SomeSkipped,
        (true, true) => ExitStatus::Done,
    })
}

/// The model that is read must not be written over.
fn refuse_own_place(args: &Args) -> Result<()> {
    let place = |path: &Path| std::fs::canonicalize(path).ok();
    let is_same =
        |model: &PathBuf| place(model).is_some_and(|model| place(&args.out) == Some(model));
    match args.model.as_ref().is_some_and(is_same) {
        true => Err(usage(
            format!(
                "`--out {}` is the model that is adapted",
                args.out.display()
            ),
            "name another directory: the one before is needed to compare with",
        )),
        false => Ok(()),
    }
}

fn embed(
    model: &Model,
    inputs: &[Input],
    context: &Context,
) -> Result<(EmbeddingSet, Vec<Skipped>)> {
    let embedder = model.embedder(Centre::Model);
    Ok(EmbeddingSet::embed(
        &embedder,
        inputs,
        SpeechDetector::Energy,
        &Summed::new(&context.console),
    )?)
}

/// The lists of `--also`, before and after.
fn watch_all(
    args: &Args,
    lists: &[TrialList],
    model: &Model,
    found: &FoundMap,
    settings: &BootstrapSettings,
    skipped: &mut Vec<Skipped>,
    context: &Context,
) -> Result<Vec<Watched>> {
    let Some(map) = &found.map else {
        return Ok(Vec::new());
    };
    let source = data::source_of_lists(args)?;
    let names = lists.iter().flat_map(TrialList::utterances).collect();
    let (inputs, naming) = source.inputs(&names);
    let (set, missing) = embed(model, &inputs, context)?;
    skipped.extend(missing);
    naming
        .note
        .iter()
        .for_each(|note| context.console.note(note));
    if let Some(missing) = &naming.missing {
        context.console.skipped(missing);
    }
    let watched = lists.iter().map(|list| {
        let list = naming.applied(list)?;
        Ok(watch(&list, &set, map, source.manifest(), settings)?)
    });
    watched.collect()
}

/// What was written is read back, and has embeddings of length 1.
fn check(model: &Model) -> Result<()> {
    for embedding in model.bundle().embedder().self_embeddings()? {
        let square: f32 = embedding.iter().map(|value| value * value).sum();
        if (square - 1.0).abs() > 1e-3 {
            return Err(fault(
                format!(
                    "`{}` gives embeddings of length {}",
                    model.name(),
                    square.sqrt()
                ),
                "report this as a defect",
            ));
        }
    }
    Ok(())
}
