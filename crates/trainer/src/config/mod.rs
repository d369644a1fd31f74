//! A training as one writes it down in TOML, and the presets.

mod average;
mod bounds;
mod optimiser;
mod schedule;
mod stages;
mod teacher;

use std::path::Path;

use audio_features::FeatureConfig;
use audio_features::augment::AugmentConfig;
use pair_sampler::{CropConfig, GroupBy, SamplerConfig};
use serde::{Deserialize, Serialize};
use sound_augment::SamplesConfig;
use speaker_model::{
    AamSoftmaxConfig, Batches, ComputeType, EncoderConfig, Growth, KlHingeConfig, LossChoice,
    LossConfig, MarginSchedule, MarginSoftmaxConfig, Segmentation,
};

pub use self::average::AverageConfig;
pub use self::optimiser::{LayerRate, OptimiserConfig};
pub use self::schedule::{Decay, Schedule};
pub(crate) use self::stages::Stage;
pub use self::stages::{CropFrames, StageConfig, StageStart};
pub use self::teacher::{TeacherConfig, Vectors};

use self::bounds::{check_average, check_ends, check_optimiser};
use self::stages::{check_crop, check_stages};
use crate::TrainError;
use crate::error::LISTEN;
use crate::initial::Initial;

/// All that decides a training but for the recordings: with the same data and seed, the same result.
///
/// `L` is what one writes down about the loss: [`LossConfig`], which chooses among those of `speaker-model`, or that of a loss
/// of one's own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig<L = LossConfig> {
    /// Seed of the initialisation, the batches, the crops, the augmentation and the dropout.
    pub seed: u64,
    /// Training steps at most.
    pub max_steps: u64,
    /// Minutes of training steps at most, over all parts of a run that was interrupted; evaluations do not count. Where they
    /// run out the run stops as after its last step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_minutes: Option<f64>,
    /// Steps between two evaluations on the development trials, and between two checkpoints.
    pub eval_every: u64,
    /// Evaluations without a better mean EER after which the run stops; none for never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patience: Option<u64>,
    /// Frames of a training segment: a number, or the least and the most.
    pub crop_frames: CropFrames,
    /// What changes over the training, in the order of the steps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<StageConfig>,
    /// How a recording is cut when it is embedded.
    pub segmentation: Segmentation,
    /// Whether the mean embedding of the training data is subtracted from every embedding.
    pub centre: bool,
    /// Where in a recording a segment starts.
    pub crop: CropConfig,
    /// How batches are drawn.
    pub sampler: SamplerConfig,
    /// A column that groups batches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_by: Option<GroupBy>,
    /// Loss.
    pub loss: L,
    /// Optimiser.
    pub optimiser: OptimiserConfig,
    /// Mean of the weights that is evaluated and kept; none for those of the last step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub average: Option<AverageConfig>,
    /// Front end.
    pub features: FeatureConfig,
    /// Changes to the training recordings, in the mel domain. The development trials are then evaluated twice, on the
    /// recordings as they are and on changed ones, and both count in the mean EER.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub augment: Option<AugmentConfig>,
    /// Changes to the samples of training recordings. Crops are then cut out of samples, and what the front end takes of a
    /// recording (the level of its loud frames, its mean, where it is silent) is taken of the crop; a crop whose silence is
    /// dropped is cut out of half as much again. Development trials are evaluated twice, as with `augment`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples: Option<SamplesConfig>,
    /// Step (from 0) of the first batch that is changed: pairs that differ in their channel too are easier learned by a
    /// network that already tells voices apart.
    #[serde(default)]
    pub augment_from_step: u64,
    /// What is made of a teacher's embeddings, where a loss compares with these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teacher: Option<TeacherConfig>,
    /// Arithmetic of the recurrent layers in training; evaluations and bundles compute in 32 bits.
    #[serde(default)]
    pub precision: ComputeType,
    /// Network, from features to embedding; what follows is the loss's.
    pub encoder: EncoderConfig,
}

impl TrainConfig {
    /// The question's training, mended: its network with a softmax head, its fixed crop of 0.4 s starting
    /// at 0.1 s, its 64 explicit pairs, both directions of the divergence and margin 3.
    #[must_use]
    pub fn question() -> Self {
        Self {
            crop: CropConfig::Fixed { start_s: 0.1 },
            sampler: SamplerConfig::Pairs {
                pairs: 64,
                same_share: 0.5,
                across_sessions: false,
                same_gender: true,
            },
            ..Self::base(EncoderConfig::question(), KlHingeConfig::question())
        }
    }

    /// The training of Stadelmann et al. (ANNPR 2018): 100 segments of 0.4 s drawn uniformly, 10,000 steps;
    /// the head's widths follow from the number of training speakers, of which no more than
    /// [`MOST_PAPER_CLASSES`](speaker_model::MOST_PAPER_CLASSES) count.
    #[must_use]
    pub fn paper(num_speakers: usize) -> Self {
        Self::base(EncoderConfig::paper(), KlHingeConfig::paper(num_speakers))
    }

    /// A start for going on from a model: small steps of its encoder and larger ones of the loss, which is new, on crops of two to
    /// three seconds; the margin grows once the classes have their places. It becomes a training of the model by
    /// [`of_encoder`](Self::of_encoder).
    #[must_use]
    pub fn onward() -> Self {
        let base = Self::base(EncoderConfig::question(), KlHingeConfig::question());
        let loss = AamSoftmaxConfig(MarginSoftmaxConfig {
            margin_schedule: Some(MarginSchedule {
                from_step: 100,
                to_step: 400,
                growth: Growth::Linear,
            }),
            ..MarginSoftmaxConfig::default()
        });
        Self {
            max_steps: 1_000,
            eval_every: 100,
            crop_frames: CropFrames::Between([200, 300]),
            sampler: SamplerConfig::Pk {
                speakers: 16,
                segments: 2,
            },
            loss: LossConfig::from(loss),
            optimiser: OptimiserConfig {
                learning_rate: 1e-4,
                schedule: Schedule {
                    warmup_steps: 100,
                    decay: Decay::Cosine(0.1),
                },
                layers: vec![LayerRate {
                    name: "loss".to_owned(),
                    rate: 10.0,
                }],
                ..OptimiserConfig::adam(Some(5.0))
            },
            average: Some(AverageConfig::Decay(0.99)),
            ..base
        }
    }

    fn base(encoder: EncoderConfig, loss: KlHingeConfig) -> Self {
        Self {
            seed: 1,
            max_steps: 10_000,
            max_minutes: None,
            eval_every: 500,
            patience: None,
            crop_frames: CropFrames::Fixed(40),
            stages: Vec::new(),
            segmentation: Segmentation::Frames(40),
            centre: false,
            crop: CropConfig::Random,
            sampler: SamplerConfig::Uniform { segments: 100 },
            group_by: None,
            loss: LossConfig::from(loss),
            optimiser: OptimiserConfig::adam(None),
            average: None,
            features: FeatureConfig::librosa(),
            augment: None,
            samples: None,
            augment_from_step: 0,
            teacher: None,
            precision: ComputeType::F32,
            encoder,
        }
    }

    /// Reads a configuration file.
    ///
    /// # Errors
    /// [`TrainError::Io`], or [`TrainError::Config`] with the line and the field.
    pub fn read(path: &Path) -> Result<Self, TrainError> {
        Self::read_with_loss(path)
    }

    /// Reads the text of a configuration file; `place` is what an error names.
    ///
    /// # Errors
    /// [`TrainError::Config`] with the line and the field.
    pub fn parse(text: &str, place: &str) -> Result<Self, TrainError> {
        Self::parse_with_loss(text, place)
    }
}

impl<L> TrainConfig<L> {
    /// The same training of the encoder of `initial`, behind its front end, cut and centred as it is.
    #[must_use]
    pub fn of_encoder(self, initial: &Initial) -> Self {
        Self {
            features: initial.features().clone(),
            encoder: initial.encoder().clone(),
            segmentation: initial.segmentation(),
            centre: initial.centred(),
            ..self
        }
    }

    /// The parts of the training, the first of which begins with it.
    pub(crate) fn all_stages(&self) -> Vec<Stage> {
        self.stages_over(self.max_steps)
    }

    /// The same, were it a training of so many steps.
    pub(crate) fn stages_over(&self, max_steps: u64) -> Vec<Stage> {
        stages::parts(self.crop_frames, self.sampler, &self.stages, max_steps)
    }

    /// Frames of the longest segments that there are in any stage.
    pub(crate) fn longest_crop(&self) -> usize {
        let stages = self.all_stages().into_iter();
        let most = stages.map(|stage| stage.crop_frames.most());
        most.max().unwrap_or(0)
    }

    /// Frames of the shortest segments that there are in any stage.
    pub(crate) fn shortest_crop(&self) -> usize {
        let stages = self.all_stages().into_iter();
        let least = stages.map(|stage| stage.crop_frames.least());
        least.min().unwrap_or(0)
    }

    /// The same training with another loss.
    #[must_use]
    pub fn with_loss<M>(self, loss: M) -> TrainConfig<M> {
        TrainConfig {
            loss,
            seed: self.seed,
            max_steps: self.max_steps,
            max_minutes: self.max_minutes,
            eval_every: self.eval_every,
            patience: self.patience,
            crop_frames: self.crop_frames,
            stages: self.stages,
            segmentation: self.segmentation,
            centre: self.centre,
            crop: self.crop,
            sampler: self.sampler,
            group_by: self.group_by,
            optimiser: self.optimiser,
            average: self.average,
            features: self.features,
            augment: self.augment,
            samples: self.samples,
            augment_from_step: self.augment_from_step,
            teacher: self.teacher,
            precision: self.precision,
            encoder: self.encoder,
        }
    }
}

impl<L: LossChoice> TrainConfig<L> {
    /// Reads a configuration file whose `[loss]` is an `L`'s.
    ///
    /// # Errors
    /// As [`TrainConfig::read`].
    pub fn read_with_loss(path: &Path) -> Result<Self, TrainError> {
        let text = std::fs::read_to_string(path).map_err(TrainError::io(path))?;
        Self::parse_with_loss(&text, &path.display().to_string())
    }

    /// Reads the text of a configuration file whose `[loss]` is an `L`'s.
    ///
    /// # Errors
    /// As [`TrainConfig::parse`].
    pub fn parse_with_loss(text: &str, place: &str) -> Result<Self, TrainError> {
        let fault = |found, remedy| TrainError::Config {
            place: place.to_owned(),
            found,
            remedy,
        };
        if is_of_0_1(text) {
            let found = "`model` is a field of siamang 0.1".to_owned();
            return Err(fault(found, MOVED));
        }
        let config: Self = toml::from_str(text)
            .map_err(|error| fault(error.to_string(), "compare it with the files in `configs/`"))?;
        config.validate()?;
        Ok(config)
    }

    /// # Errors
    /// [`TrainError::Config`] for a value that no training can have.
    pub fn validate(&self) -> Result<(), TrainError> {
        self.features.validate()?;
        self.encoder.validate(self.features.num_bins)?;
        self.loss.validate()?;
        check_crop("crop_frames", self.crop_frames)?;
        check_stages(&self.stages, self.sampler, self.max_steps)?;
        for Stage { sampler, .. } in self.all_stages() {
            sampler.check()?;
            if let Some(remedy) = unsuited(self.loss.wants(), sampler) {
                return Err(TrainError::Config {
                    place: "sampler".to_owned(),
                    found: format!("{sampler:?} gives batches that the loss cannot learn from"),
                    remedy,
                });
            }
        }
        if let Some(samples) = &self.samples {
            samples.validate()?;
        }
        if let Some(teacher) = &self.teacher {
            teacher.validate()?;
            if !self.loss.hears_teacher() {
                return Err(TrainError::Config {
                    place: "teacher".to_owned(),
                    found: "no loss of the configuration listens to a teacher".to_owned(),
                    remedy: LISTEN,
                });
            }
        }
        check_ends(self.max_minutes, self.patience, self.eval_every)?;
        check_average(self.average)?;
        check_optimiser(&self.optimiser)
    }
}

/// What became of the fields of a configuration of 0.1.
const MOVED: &str = "`model.encoder` has become `encoder.trunk`, with `encoder.input` (`input_scale`, `centre_input`, \
     `input_cepstra`, `whiten_cepstra`), `encoder.pooling` and `encoder.projection` (`embedding = \"first_dense\"` is \
     `kind = \"linear\"`, `dense` is `kind = \"unit_length\"`) beside it; `model.head` has become `loss.head`, and `loss` has \
     `kind = \"kl_hinge\"`; `model.num_bins` is `features.num_bins`: compare it with `configs/best.toml`";

/// The file in a run's directory that holds the configuration that it began with.
pub(crate) const CONFIG_FILE: &str = "config.toml";

/// Whether `text` is a configuration of siamang 0.1, which kept encoder and head in one table.
pub(crate) fn is_of_0_1(text: &str) -> bool {
    let table: Result<toml::Table, _> = toml::from_str(text);
    table.is_ok_and(|table| table.contains_key("model") && !table.contains_key("encoder"))
}

/// What to do where the sampler's batches are not those that a loss wants; none where they are.
fn unsuited(wants: Batches, sampler: SamplerConfig) -> Option<&'static str> {
    match (wants, sampler) {
        (Batches::Grouped(least), SamplerConfig::Pk { segments, .. }) if segments < least => {
            Some("the loss compares several segments of each speaker: raise `sampler.segments`")
        }
        (Batches::Grouped(_), SamplerConfig::Uniform { .. } | SamplerConfig::Pairs { .. }) => {
            Some("the loss wants several segments of each speaker: set `sampler.kind` to `pk`")
        }
        (Batches::Pairs, SamplerConfig::Uniform { .. } | SamplerConfig::Pk { .. }) => {
            Some("the loss wants explicit pairs: set `sampler.kind` to `pairs`")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test that cannot prepare its data has failed"
    )]
    use super::*;
    use burn::tensor::Device;
    use speaker_model::{Encoder, Initialiser, MOST_PAPER_CLASSES};

    /// Weights of Resemblyzer's `VoiceEncoder`: PyTorch's 1,423,616 with one bias a gate instead of two.
    #[test]
    fn resemblyzers_configuration_has_its_number_of_weights() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs/resemblyzer.toml");
        let config = TrainConfig::read(&path).unwrap();
        let bins = config.features.num_bins;
        assert_eq!((bins, config.encoder.embedding_dim(bins)), (40, 256));
        let device = Device::flex();
        let mut initialiser = Initialiser::seeded(1, &device);
        let encoder = Encoder::new(bins, &config.encoder, &mut initialiser).unwrap();
        let found = burn::module::Module::num_params(&encoder);
        assert_eq!(found, 1_423_616 - 3 * 1024);
    }

    /// 10n = 72,050 units for the 7,205 speakers of VoxCeleb1 and 2 are wider than any layer may be, and 55 n² weights more
    /// than any memory holds.
    #[test]
    fn the_papers_training_takes_all_speakers_of_voxceleb() {
        let config = TrainConfig::paper(7_205);
        config.validate().unwrap();
        let head = &config.loss.downcast_ref::<KlHingeConfig>().unwrap().head;
        assert_eq!(head.num_outputs, MOST_PAPER_CLASSES);
        assert_eq!(
            head.hidden,
            [10 * MOST_PAPER_CLASSES, 5 * MOST_PAPER_CLASSES]
        );
        let few = TrainConfig::paper(258);
        let head = &few.loss.downcast_ref::<KlHingeConfig>().unwrap().head;
        assert_eq!(
            (head.hidden.as_slice(), head.num_outputs),
            ([2580, 1290].as_slice(), 258)
        );
    }

    #[test]
    fn a_configuration_of_0_1_is_refused_with_the_new_place_of_its_fields() {
        let old = "seed = 1\n[loss]\nmargin = 3.0\n[model]\nembedding = \"first_dense\"\n[model.head]\nhidden = [160]\n";
        let error = TrainConfig::parse(old, "old.toml").unwrap_err();
        let error = format!("{error} {}", error.remedy().unwrap_or_default());
        for part in [
            "old.toml",
            "`model`",
            "siamang 0.1",
            "`encoder.projection`",
            "`loss.head`",
        ] {
            assert!(error.contains(part), "{part}: {error}");
        }
    }

    #[test]
    fn a_loss_gets_the_batches_that_it_wants_or_says_so() {
        let pk = |segments| SamplerConfig::Pk {
            speakers: 3,
            segments,
        };
        let uniform = SamplerConfig::Uniform { segments: 9 };
        let pairs = TrainConfig::question().sampler;
        for sampler in [pk(1), uniform, pairs] {
            assert!(unsuited(Batches::Any, sampler).is_none());
            assert!(
                unsuited(Batches::Grouped(2), sampler).is_some(),
                "{sampler:?}"
            );
        }
        assert!(unsuited(Batches::Grouped(2), pk(2)).is_none());
        assert!(unsuited(Batches::Pairs, pairs).is_none());
        assert!(unsuited(Batches::Pairs, uniform).is_some());
    }
}
