//! What one evaluation measures, as plain numbers; whatever is not known stays `None` or empty.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::journal::{OlderFields, PairFacts, Term};
use crate::{Spread, TwoHistograms};

/// The measurements of one evaluation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, remote = "Self")]
pub struct Measurements {
    /// Steps taken; 0 is the untrained network.
    pub step: u64,
    /// Loss of training batches around this step.
    pub loss: Option<f64>,
    /// The loss while all outputs are alike, where that means anything for it: its plateau.
    #[serde(alias = "plateau")]
    pub when_alike: Option<f64>,
    /// The parts of the loss of a training batch.
    pub terms: Vec<Term>,
    /// How the pairs of a training batch lie to the loss, where it compares pairs.
    pub pairs: Option<PairFacts>,
    /// Learning rate.
    pub learning_rate: Option<f64>,
    /// Norm of the gradient over all layers, before clipping.
    pub gradient_norm: Option<f64>,
    /// The same by layer.
    pub gradients: Vec<LayerGradient>,
    /// Dead and saturated units by layer.
    pub units: Vec<LayerUnits>,
    /// Training speakers that have been in some batch.
    pub speakers_visited: Option<usize>,
    /// Development trials by list.
    pub dev: Vec<ListRate>,
    /// Mean EER of the development lists, 0 to 1.
    pub dev_eer: Option<f64>,
    /// The untrained network's.
    pub untrained_eer: Option<f64>,
    /// EER on speakers that are trained on, scored like development speakers.
    pub train_eer: Option<f64>,
    /// Whether that EER can say something of the labels: `false` where it is of a handful of pairs, or where the network's
    /// input is whitened by the very recordings that are scored and these are few, which drives all of them apart alike.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train_eer_judges_labels: Option<bool>,
    /// Scores of the development trials.
    pub scores: Option<TwoHistograms>,
    /// How the embeddings of the development recordings lie, before centring and scaling.
    pub spread: Option<Spread>,
    /// Mean cosine distance of development trials of one speaker.
    pub intra_distance: Option<f64>,
    /// Mean cosine distance of development trials of two speakers.
    pub inter_distance: Option<f64>,
    /// EER of the cosine of embeddings as they are.
    pub plain_eer: Option<f64>,
    /// EER of the cosine of embeddings less their mean.
    pub centred_eer: Option<f64>,
    /// EER where both recordings of a same-speaker pair are of one session.
    pub same_session_eer: Option<f64>,
    /// EER where they are of two.
    pub cross_session_eer: Option<f64>,
    /// EER of the pairs that `perturbed_eer` is of, recordings as they are: some of the development pairs, or the mean
    /// over the lists where the training changes its recordings.
    pub clean_eer: Option<f64>,
    /// EER of those pairs with each recording in a room, channel and noise of its own.
    pub perturbed_eer: Option<f64>,
    /// How near the network's embeddings lie to its teacher's, where it has a teacher.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub teacher: Option<TeacherAgreement>,
    /// Mean cosine between what a batch's own statistics and the running ones make of its segments, less their means, where the
    /// network has batch norms: embeddings are made with the latter, training steps with the former.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub running_agreement: Option<f64>,
    /// Metrics that the training reports beside the loss.
    pub metrics: Vec<Metric>,
}

impl Serialize for Measurements {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Measurements {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Record {
            #[serde(flatten)]
            older: OlderFields,
            #[serde(flatten, with = "Measurements")]
            measurements: Measurements,
        }
        let Record {
            older,
            mut measurements,
        } = Record::deserialize(deserializer)?;
        older.complete(&mut measurements.terms, &mut measurements.pairs);
        Ok(measurements)
    }
}

/// Mean cosine of a network's embeddings of clean recordings to its teacher's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TeacherAgreement {
    /// Of development recordings.
    pub dev: Option<f64>,
    /// Of some of the training recordings.
    pub train: Option<f64>,
}

/// The gradient of one layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerGradient {
    /// The layer's name.
    pub layer: String,
    /// Euclidean norm.
    pub norm: f64,
}

/// The state of one layer's units over a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerUnits {
    /// The layer's name.
    pub layer: String,
    /// Units in all.
    pub num_units: usize,
    /// Units that give the same for every input.
    pub num_dead: usize,
    /// Units at an end of their range for nearly every input.
    pub num_saturated: usize,
}

/// One development list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ListRate {
    /// The list's name.
    pub list: String,
    /// EER, 0 to 1.
    pub eer: f64,
    /// The untrained network's.
    pub untrained_eer: Option<f64>,
}

/// A metric that a training reports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// The largest value that it can have on this data.
    pub reachable_max: Option<f64>,
}
