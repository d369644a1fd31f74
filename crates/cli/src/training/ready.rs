//! The built-in model beside a training: it listens to the labels, and is measured where speakers are few.

use anyhow::Result;
use siamang::{Compute, Model, SpeakerOverlap};
use trainer::{Teacher, TrainData};

use crate::context::Context;

/// Training speakers from which on a training of one's own is expected to be worth it.
const ENOUGH_SPEAKERS: usize = 30;

/// The built-in model on `device`.
///
/// # Errors
/// A device that it does not run on.
pub(crate) fn builtin(device: &str) -> Result<Model, siamang::Error> {
    Model::builtin_on(Compute {
        device: device.to_owned(),
        ..Compute::default()
    })
}

/// `model` as a training asks it.
pub(crate) fn asked(model: &Model) -> Result<Teacher> {
    Ok(Teacher::new(model.bundle(), model.name(), model.hash()?))
}

/// The built-in `model`, where the speakers of `data` are few and there are trials to measure it on: what it does without any
/// training is what a training has to beat.
pub(crate) fn of_few_speakers(
    model: &Model,
    data: &TrainData,
    context: &Context,
) -> Result<Option<Teacher>> {
    if data.train.speakers().len() >= ENOUGH_SPEAKERS || data.dev.is_empty() {
        return Ok(None);
    }
    // What a training begins with is measured at its step 0.
    let initial = data.initial.as_ref().map(trainer::Initial::hash);
    if initial == Some(model.hash()?.as_str()) {
        return Ok(None);
    }
    if let Some(dev) = &data.dev_manifest {
        let speakers = dev.utterances.iter().filter_map(|one| one.known_speaker());
        let known = model.bundle().training_speakers();
        let overlap = known.and_then(|known| SpeakerOverlap::find(known, speakers));
        if let Some(overlap) = overlap {
            let words = overlap.explained("the development trials");
            context.console.warn(&format!("{}: {words}", model.name()));
        }
    }
    asked(model).map(Some)
}
