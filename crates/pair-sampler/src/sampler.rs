//! The batch of every step.

use std::collections::BTreeMap;

use crate::config::{GroupBy, SamplerConfig};
use crate::crop::{Crop, CropConfig};
use crate::draws::{Draws, Purpose};
use crate::error::SamplerError;
use crate::groups::{shares_of, split_into_groups};
use crate::index::GroupIndex;
use crate::pairs::{Anchors, PairRule};
use crate::pk::{self, Walk};
use crate::schedule::Schedule;
use crate::uniform;
use speech_data::Manifest;

/// The place of an error that concerns no single group.
const WHOLE: &str = "the manifest";

/// What goes together in one step.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchPlan {
    /// The segments of the batch, in order.
    pub items: Vec<BatchItem>,
    /// Explicit siamese pairs as indices into `items`; `None` where the loss takes all pairs of the batch.
    pub pairs: Option<Vec<(usize, usize)>>,
}

/// One segment of a batch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BatchItem {
    /// Index into the manifest's `utterances`.
    pub utterance: usize,
    /// Number of the speaker, `0..num_speakers`, in the order of [`Manifest::speakers`].
    pub speaker: usize,
    /// Where the segment lies in the utterance.
    pub crop: Crop,
    /// Seed for what else is random about this item: augmentation.
    pub seed: u64,
}

/// Draws batches: a pure function of (seed, epoch, step), without state between calls, so that a run can go on
/// from any step and workers can make batches in any order.
#[derive(Debug)]
pub struct BatchSampler {
    config: SamplerConfig,
    crop: CropConfig,
    seed: u64,
    num_speakers: usize,
    groups: Vec<GroupIndex>,
    /// Of the pair sampler only: one a group.
    anchors: Vec<Anchors>,
    schedule: Schedule,
}

impl BatchSampler {
    /// Prepares batches of all utterances of `manifest` (filter it first).
    ///
    /// # Errors
    /// Settings out of range, an unknown column, weights that do not fit the groups, or a group that lacks
    /// the speakers or pairs that a batch needs.
    pub fn new(
        manifest: &Manifest,
        config: SamplerConfig,
        crop: CropConfig,
        group_by: Option<GroupBy>,
        seed: u64,
    ) -> Result<Self, SamplerError> {
        config.check()?;
        check_crop(crop)?;
        let utterances = &manifest.utterances;
        if u32::try_from(utterances.len()).is_err() {
            return Err(SamplerError::TooManyUtterances {
                found: utterances.len(),
                limit: u32::MAX as usize,
            });
        }
        let names = manifest.speakers();
        let numbers: BTreeMap<&str, u32> = names.iter().copied().zip(0..).collect();
        let speaker_of: Vec<u32> = utterances
            .iter()
            .map(|u| numbers.get(u.speaker.as_str()).copied().unwrap_or(0))
            .collect();

        let needed = match config {
            SamplerConfig::Pk { speakers, .. } => speakers,
            SamplerConfig::Uniform { .. } => 2,
            SamplerConfig::Pairs { .. } => 1,
        };
        let enough = |place: String, found: usize| {
            if found >= needed {
                return Ok(());
            }
            Err(SamplerError::TooFewSpeakers {
                place,
                found,
                needed,
            })
        };
        enough(WHOLE.to_owned(), names.len())?;

        let parts = split_into_groups(manifest, group_by.as_ref())?;
        let groups: Vec<(String, GroupIndex)> = parts
            .into_iter()
            .map(|(name, members)| (name, GroupIndex::new(utterances, &speaker_of, members)))
            .collect();
        let shares = shares_of(&groups, group_by.as_ref())?;
        // Groups of weight 0 take no part at all.
        let (groups, shares): (Vec<_>, Vec<_>) = groups
            .into_iter()
            .zip(shares)
            .filter(|&(_, share)| share > 0.0)
            .unzip();

        let mut anchors = Vec::new();
        for (name, index) in &groups {
            let place = match &group_by {
                None => WHOLE.to_owned(),
                Some(by) => format!("group `{name}` of column `{}`", by.column),
            };
            enough(place.clone(), index.speakers.len())?;
            if let Some(rule) = pair_rule(config) {
                anchors.push(Anchors::new(index, rule, &place)?);
            }
        }
        let groups: Vec<GroupIndex> = groups.into_iter().map(|(_, index)| index).collect();
        Ok(Self {
            schedule: plan_epoch(&groups, config, &shares),
            config,
            crop,
            seed,
            num_speakers: names.len(),
            groups,
            anchors,
        })
    }

    /// The batch of a step. Steps count from 0; those beyond [`Self::steps_per_epoch`] go on evenly.
    pub fn batch(&self, epoch: u64, step: u64) -> BatchPlan {
        let (group, batch) = self.schedule.at(self.seed, epoch, step);
        let index = &self.groups[group];
        let mut draws = Draws::new(Purpose::Batch, &[self.seed, epoch, step]);
        let (places, pairs) = match self.config {
            SamplerConfig::Uniform { segments } => {
                (uniform::draw(index, segments, &mut draws), None)
            }
            SamplerConfig::Pk { speakers, segments } => {
                let walk = Walk {
                    seed: self.seed,
                    epoch,
                    group: group as u64,
                };
                let places = pk::speakers_of_batch(index, speakers, walk, batch)
                    .into_iter()
                    .flat_map(|s| {
                        pk::segments_of_speaker(index, &index.speakers[s], segments, &mut draws)
                    })
                    .collect();
                (places, None)
            }
            SamplerConfig::Pairs { pairs, .. } => {
                let places = match (pair_rule(self.config), self.anchors.get(group)) {
                    (Some(rule), Some(anchors)) => anchors.draw(index, rule, step, &mut draws),
                    _ => Vec::new(),
                };
                let pairs = (0..pairs).map(|pair| (2 * pair, 2 * pair + 1)).collect();
                (places, Some(pairs))
            }
        };
        let items = places
            .into_iter()
            .map(|place| BatchItem {
                utterance: index.order[place] as usize,
                speaker: index.speaker_number(place) as usize,
                crop: match self.crop {
                    CropConfig::Random => Crop::Position(draws.unit()),
                    CropConfig::Fixed { start_s } => Crop::StartS(start_s),
                },
                seed: draws.bits(),
            })
            .collect();
        BatchPlan { items, pairs }
    }

    /// Steps of an epoch: about as many as it takes to draw as many segments as there are utterances (for the
    /// pair sampler, as many pairs, as in the question), and for P × K enough to visit every speaker.
    pub fn steps_per_epoch(&self) -> u64 {
        self.schedule.steps
    }

    /// Expected share of same-speaker pairs: among all pairs of a batch, or among the explicit ones. The loss
    /// of a collapsed network follows from it (2 · margin · (1 − share)).
    pub fn expected_same_share(&self) -> f64 {
        match self.config {
            SamplerConfig::Uniform { .. } => {
                let groups = self.groups.iter().zip(&self.schedule.batches);
                groups
                    .map(|(index, &batches)| uniform::same_share(index) * batches as f64)
                    .sum::<f64>()
                    / self.schedule.steps as f64
            }
            SamplerConfig::Pk { speakers, segments } => pk::same_share(speakers, segments),
            SamplerConfig::Pairs { same_share, .. } => same_share,
        }
    }

    /// Speakers of the whole manifest, those of groups left out included.
    pub fn num_speakers(&self) -> usize {
        self.num_speakers
    }

    /// Numbers of the speakers that no batch can contain: those of groups of weight 0 and, for the pair
    /// sampler, those who have no partner under its rules.
    pub fn unreachable_speakers(&self) -> Vec<usize> {
        let mut reached = vec![false; self.num_speakers];
        for (group, index) in self.groups.iter().enumerate() {
            let marks = match (pair_rule(self.config), self.anchors.get(group)) {
                (Some(rule), Some(anchors)) => anchors.reached(index, rule),
                _ => vec![true; index.speakers.len()],
            };
            for (span, mark) in index.speakers.iter().zip(marks) {
                reached[span.speaker as usize] |= mark;
            }
        }
        (0..self.num_speakers).filter(|&s| !reached[s]).collect()
    }
}

fn pair_rule(config: SamplerConfig) -> Option<PairRule> {
    match config {
        SamplerConfig::Pairs {
            pairs,
            same_share,
            across_sessions,
            same_gender,
        } => Some(PairRule {
            pairs,
            same_share,
            across_sessions,
            same_gender,
        }),
        _ => None,
    }
}

fn check_crop(crop: CropConfig) -> Result<(), SamplerError> {
    match crop {
        CropConfig::Fixed { start_s } if !(start_s.is_finite() && start_s >= 0.0) => {
            Err(SamplerError::BadSetting {
                field: "crop.start_s",
                found: start_s.to_string(),
                expected: "seconds from the beginning, at least 0",
            })
        }
        _ => Ok(()),
    }
}

/// How long an epoch is, and how it is shared.
fn plan_epoch(groups: &[GroupIndex], config: SamplerConfig, shares: &[f64]) -> Schedule {
    let utterances: usize = groups.iter().map(|index| index.order.len()).sum();
    let (a_step, least): (usize, Vec<u64>) = match config {
        SamplerConfig::Uniform { segments } => (segments, vec![1; groups.len()]),
        SamplerConfig::Pairs { pairs, .. } => (pairs, vec![1; groups.len()]),
        SamplerConfig::Pk { speakers, segments } => (
            speakers * segments,
            groups
                .iter()
                .map(|index| pk::batches_per_round(index, speakers))
                .collect(),
        ),
    };
    let mut wanted = (utterances / a_step).max(1) as u64;
    if let [round] = least.as_slice() {
        // Whole rounds, so that an epoch is as even as can be.
        wanted = ((wanted + round / 2) / round).max(1) * round;
    }
    Schedule::new(wanted, shares, &least)
}
