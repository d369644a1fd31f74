//! The names of what can be wrong, in the order in which one thing causes another.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! names {
    ($($(#[$doc:meta])* $variant:ident, $text:literal, $question:literal;)*) => {
        /// What can be wrong with a training. Causes come before their effects, which is the order of a report.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Name {
            $($(#[$doc])* #[serde(rename = $text)] $variant,)*
        }

        impl Name {
            /// Every name, causes first.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name as it stands in JSON and in `docs/diagnosis.md`.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }

            /// What a check of this name makes sure of, in a few words.
            #[must_use]
            pub fn question(self) -> &'static str {
                match self {
                    $(Self::$variant => $question,)*
                }
            }
        }
    };
}

names! {
    /// The loss or its gradient is NaN or infinite.
    NonFinite, "non_finite", "every number is finite";
    /// Recordings are cut off at full scale, far too quiet, or silence for the most part.
    DamagedRecordings, "damaged_recordings", "recordings are as they were spoken";
    /// Front end of the data and of the model differ, or features come on a scale that saturates the network.
    FrontEndMismatch, "front_end_mismatch", "front ends of data and model agree";
    /// What is trained on, or developed on, is no speech.
    NoSpeech, "no_speech", "the recordings hold speech";
    /// Features are constant, clipped, silent or no numbers.
    DeadFeatures, "dead_features", "features are alive";
    /// The development trials are inverted, or say nothing.
    DevTrials, "dev_trials", "the development trials can judge a network";
    /// Recordings of the training are copies of one another.
    CopiedRecordings, "copied_recordings", "training recordings are different ones";
    /// Speakers have one recording each.
    OneRecording, "one_recording", "speakers have several recordings";
    /// Development recordings are trained on.
    DevInTraining, "dev_in_training", "development recordings are not trained on";
    /// The loss of a batch does not change when its labels are permuted.
    LabelsIgnored, "labels_ignored", "the labels matter to the loss";
    /// The labels have nothing to do with the recordings.
    LabelsWrong, "labels_wrong", "recordings of one label sound more alike than others";
    /// Some of the labels are wrong.
    MislabelledSome, "mislabelled_some", "hardly a label is wrong";
    /// Speakers have several labels.
    SplitSpeakers, "split_speakers", "every speaker has one label";
    /// Something besides the voice tells training speakers apart.
    NamesTheSpeaker, "names_the_speaker", "nothing but the voice tells training speakers apart";
    /// The loss of a batch is not the mean of its pairs.
    LossNotMeanOfPairs, "loss_not_mean_of_pairs", "the loss of a batch is the mean of its pairs";
    /// What a divergence compares is not a distribution.
    NotADistribution, "not_a_distribution", "outputs are distributions";
    /// Some layer gets no gradient.
    NoGradient, "no_gradient", "gradients reach every layer";
    /// The front end leaves out what tells voices apart.
    PoorFrontEnd, "poor_front_end", "the front end keeps what tells voices apart";
    /// Steps are too long for the size of the weights.
    LearningRate, "learning_rate", "the learning rate suits the weights";
    /// Settings with which the weights hardly move.
    IdleSettings, "idle_settings", "steps move the weights";
    /// Weights decay faster than gradients build them up.
    WeightDecay, "weight_decay", "weights decay slowly";
    /// Dropout leaves hardly anything.
    HeavyDropout, "heavy_dropout", "dropout leaves most units";
    /// The margin asks for more than outputs can give.
    LargeMargin, "large_margin", "the margin can be reached";
    /// The scale of a loss on classes leaves no output certain.
    SmallScale, "small_scale", "outputs can be certain";
    /// What recordings are changed by drowns the voice.
    Augmentation, "augmentation", "augmentation leaves the voice";
    /// Crops are too short to hold a voice.
    ShortCrops, "short_crops", "crops are long enough for a voice";
    /// Many training crops are mostly silence.
    SilentCrops, "silent_crops", "crops hold speech";
    /// Crops are longer than most recordings.
    LongCrops, "long_crops", "crops fit into the recordings";
    /// The loss on one small batch does not fall, or its same-speaker pairs do not become the closer ones.
    CannotOverfit, "cannot_overfit", "one small batch can be learned by heart";
    /// A score or metric prefers different speakers.
    ScoreDirection, "score_direction", "scores point the right way";
    /// Hardly any pair of a batch is of one speaker.
    FewSamePairs, "few_same_pairs", "batches have same-speaker pairs";
    /// The loss sees far fewer pairs than the segments of a batch would make.
    FewPairs, "few_pairs", "all pairs of a batch are used";
    /// One kind of pairs has hardly a weight in the loss.
    Weighting, "weighting", "both kinds of pairs count";
    /// Only one direction of the divergence is in the loss.
    OneDirection, "one_direction", "both directions of the divergence count";
    /// The margin asks for hardly any distance between speakers.
    SmallMargin, "small_margin", "the margin keeps speakers apart";
    /// Some speakers are in no batch.
    UnreachableSpeakers, "unreachable_speakers", "every speaker can be drawn";
    /// Same-speaker pairs come from one session, so that the channel tells them.
    SameSessionPositives, "same_session_positives", "same-speaker pairs cross sessions";
    /// Every recording gives one and the same crop.
    FixedCrops, "fixed_crops", "crops vary";
    /// The teacher cannot tell the development speakers apart itself.
    WeakTeacher, "weak_teacher", "the teacher knows these voices";
    /// The student comes no nearer to its teacher.
    TeacherIgnored, "teacher_ignored", "the student listens to its teacher";
    /// A margin keeps a classifier from getting anything right.
    MarginTooEarly, "margin_too_early", "the margin waits until speakers have their places";
    /// Recurrent units sit at the ends of their range.
    Saturation, "saturation", "units are not saturated";
    /// Units give the same for every input.
    DeadUnits, "dead_units", "units are alive";
    /// Batch norms make something else of a recording than of the same in a batch.
    RunningStatistics, "running_statistics", "running statistics are those of the batches";
    /// All outputs are alike.
    Collapse, "collapse", "outputs differ";
    /// Same-speaker pairs diverge beyond the margin too.
    EverythingApart, "everything_apart", "same-speaker pairs stay together";
    /// The loss does not leave the value that it has while all outputs are alike.
    Plateau, "plateau", "the loss leaves its plateau";
    /// The run ended before it could have worked.
    StoppedTooEarly, "stopped_too_early", "the run was long enough";
    /// Development speakers get worse while training speakers get better.
    Overfitting, "overfitting", "what is learned holds for new speakers";
    /// The student knows its teacher's answers to training recordings alone.
    TeacherByHeart, "teacher_by_heart", "what the teacher says is understood";
    /// A training that goes on from a model does worse on a list than that model.
    Forgetting, "forgetting", "what the model knew is kept";
    /// The microphone tells speakers apart, not the voice.
    ChannelShortcut, "channel_shortcut", "voices are heard, not microphones";
    /// An offset that all embeddings share costs accuracy.
    CommonOffset, "common_offset", "embeddings have no common offset";
    /// Training has not made the network better than it was before its first step.
    WorseThanUntrained, "worse_than_untrained", "training beats no training";
    /// Training has not made the network better than plain statistics of the recordings.
    WorseThanStatistics, "worse_than_statistics", "training beats no network at all";
    /// A reported metric cannot rise to 1 on this data, whatever the network does: no cause of anything, and so the last.
    MetricCeiling, "metric_ceiling", "reported metrics can reach their best value";
}

impl Name {
    /// Whether this is what something else has brought about, as a rule: a report names its cause first.
    #[must_use]
    pub fn is_effect(self) -> bool {
        matches!(
            self,
            Self::CannotOverfit
                | Self::Saturation
                | Self::DeadUnits
                | Self::RunningStatistics
                | Self::Collapse
                | Self::EverythingApart
                | Self::Plateau
                | Self::StoppedTooEarly
                | Self::Overfitting
                | Self::CommonOffset
                | Self::WorseThanUntrained
                | Self::WorseThanStatistics
        )
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
