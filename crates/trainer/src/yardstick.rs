//! A ready model on the development trials of a training.

use diagnosis::journal::Yardstick;
use speaker_model::TeacherOrigin;
use speech_data::{Location, Manifest, Utterance};

use crate::TrainError;
use crate::data::{Lessons, Teacher};
use crate::evaluate::{DevSet, mean_eer};
use crate::options::{Notice, Notify, RunOptions};

/// Development recordings above which a ready model is not asked: the answer is to cost seconds.
const MOST_RECORDINGS: usize = 2_000;

/// What the trials of `dev`, over recordings as they are, give by embeddings of `model`, which hears them where `locate` finds
/// them. What it cannot embed is left out, and said.
///
/// # Errors
/// [`TrainError::Interrupted`], and [`TrainError::Eval`] for a score that is NaN.
pub(crate) fn measure(
    model: &Teacher,
    dev: &DevSet,
    locate: impl Fn(&str) -> Location,
    options: &RunOptions<'_>,
    notify: Notify<'_>,
) -> Result<Yardstick, TrainError> {
    let TeacherOrigin { name, hash, .. } = model.origin().clone();
    let not_measured = |note: String| Yardstick {
        name: name.clone(),
        hash: hash.clone(),
        note: Some(note),
        ..Yardstick::default()
    };
    let names = dev.names();
    if names.len() > MOST_RECORDINGS {
        return Ok(not_measured(format!(
            "the trials name {} recordings, and it is asked about {MOST_RECORDINGS} at most",
            names.len()
        )));
    }
    let rows = names.iter().map(|name| Utterance {
        location: locate(name),
        ..Utterance::new(name.as_str(), name.as_str(), name.as_str())
    });
    // Names are in order, so that a manifest leaves them where they are.
    let manifest = Manifest::new("", rows.collect());
    let total = names.len();
    let lessons = Lessons::of(model, &manifest, &[], &options.cache, &|done| {
        let who = &name;
        notify(Notice::Listening { who, done, total });
        options.goes_on()
    });
    let lessons = match lessons {
        Ok(lessons) => lessons,
        Err(TrainError::Interrupted) => return Err(TrainError::Interrupted),
        Err(error) => return Ok(not_measured(error.to_string())),
    };
    let mut vectors = vec![None; names.len()];
    for (number, mut vector) in lessons.usable.into_iter().zip(lessons.vectors) {
        vectors[number] = vector.pop();
    }
    let results = dev.results_of(&vectors)?;
    let first = lessons.skipped.first();
    let note = first.map(|first| {
        format!(
            "of {} development recordings it cannot use {}, the first `{}`: {}",
            names.len(),
            lessons.skipped.len(),
            first.utterance,
            first.reason
        )
    });
    Ok(Yardstick {
        dev_eer: mean_eer(&results),
        dev: results,
        note,
        name,
        hash,
    })
}
