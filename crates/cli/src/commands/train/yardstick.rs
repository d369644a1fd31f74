//! The built-in model beside a training on few speakers.

use anyhow::Result;
use siamang::{Compute, Model, SpeakerOverlap};
use trainer::{Teacher, TrainData};

use crate::console::counted;
use crate::context::Context;

/// Training speakers from which on a training of one's own is expected to be worth it.
const ENOUGH_SPEAKERS: usize = 30;

/// The built-in model, where the speakers of `data` are few and there are trials to measure it on: what it does without any
/// training is what a training has to beat.
pub(super) fn of_few_speakers(data: &TrainData, context: &Context) -> Result<Option<Teacher>> {
    let num_speakers = data.train.speakers().len();
    if num_speakers >= ENOUGH_SPEAKERS || data.dev.is_empty() {
        return Ok(None);
    }
    let compute = Compute {
        device: context.device.clone(),
        ..Compute::default()
    };
    let model = match Model::builtin_on(compute) {
        Ok(model) => model,
        Err(error) => {
            context.console.note(&format!(
                "{} are few to train on, and the built-in model cannot be measured beside them: {error}",
                counted(num_speakers, "speaker")
            ));
            return Ok(None);
        }
    };
    let hash = model.hash()?;
    // What a training begins with is measured at its step 0.
    let initial = data.initial.as_ref().map(trainer::Initial::hash);
    if initial == Some(hash.as_str()) {
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
    Ok(Some(Teacher::new(model.bundle(), model.name(), hash)))
}
