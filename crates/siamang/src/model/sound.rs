//! Recordings unlike those that a model's thresholds were measured on.

use speaker_model::MeasuredSound;

use crate::embeddings::EmbeddingSet;

/// How many recordings of `set` are unlike those of `sound`, and how the first of them is, in words; nothing where none is.
/// Recordings with too little speech for a verdict are another matter.
#[must_use]
pub fn unlike_measured(sound: &MeasuredSound, set: &EmbeddingSet) -> Option<String> {
    let mut unlike = set
        .ids
        .iter()
        .zip(&set.quality)
        .filter_map(|(id, quality)| {
            let quality = quality.as_ref().filter(|quality| quality.is_heard())?;
            let differences = sound.differences(quality);
            (!differences.is_empty()).then_some((id, differences))
        });
    let (id, differences) = unlike.next()?;
    let number = 1 + unlike.count();
    Some(format!(
        "{number} of {} recordings {} unlike those that the thresholds on the model's card were measured on, such as `{id}`: {}",
        set.ids.len(),
        if number == 1 { "is" } else { "are" },
        differences.join("; ")
    ))
}
