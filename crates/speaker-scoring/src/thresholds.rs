//! The scores and distances from which on a model's answers change.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Linkage, Metric};

/// Which mean is subtracted from embeddings before they are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Centre {
    /// None.
    None,
    /// The mean of the model's training data, if the model holds one.
    #[default]
    Model,
    /// The mean of the embeddings at hand, which in real use are not all known.
    These,
}

impl fmt::Display for Centre {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::None => "none",
            Self::Model => "model",
            Self::These => "these",
        })
    }
}

/// Thresholds of one model, which were measured on recordings of speakers that it was not trained on.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// Two recordings whose score is at or above this are of one speaker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verify: Option<f64>,
    /// Clusters nearer than this (1 - cosine, complete linkage) are of one speaker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<f64>,
    /// The centre of the embeddings they were measured on: they hold for no other.
    #[serde(default)]
    pub centre: Centre,
    /// The hash of the weights of the model they were measured on, where it is known: they hold for no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

impl Thresholds {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.verify.is_none() && self.cluster.is_none()
    }

    /// The lowest score of one speaker, for embeddings with this centre.
    pub fn verify(&self, centre: Centre) -> Option<f64> {
        self.verify.filter(|_| self.centre == centre)
    }

    /// The distance up to which clusters are merged, for embeddings with this centre. Other metrics and linkages have
    /// other heights: there is none for them.
    pub fn cluster(&self, centre: Centre, metric: Metric, linkage: Linkage) -> Option<f64> {
        let holds =
            self.centre == centre && (metric, linkage) == (Metric::Cosine, Linkage::Complete);
        self.cluster.filter(|_| holds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(centre: Centre) -> Thresholds {
        Thresholds {
            verify: Some(0.27),
            cluster: Some(0.49),
            centre,
            model: None,
        }
    }

    #[test]
    fn thresholds_hold_for_the_centre_they_were_made_for() {
        let thresholds = of(Centre::Model);
        assert_eq!(thresholds.verify(Centre::Model), Some(0.27));
        for other in [Centre::None, Centre::These] {
            assert_eq!(thresholds.verify(other), None);
            assert_eq!(
                thresholds.cluster(other, Metric::Cosine, Linkage::Complete),
                None
            );
        }
        assert_eq!(of(Centre::None).verify(Centre::None), Some(0.27));
    }

    #[test]
    fn a_distance_holds_for_complete_linkage_of_cosines() {
        let thresholds = of(Centre::Model);
        let distance = |metric, linkage| thresholds.cluster(Centre::Model, metric, linkage);
        assert_eq!(distance(Metric::Cosine, Linkage::Complete), Some(0.49));
        assert_eq!(distance(Metric::Cosine, Linkage::Average), None);
        assert_eq!(distance(Metric::Euclidean, Linkage::Complete), None);
    }

    #[test]
    fn thresholds_without_a_centre_are_those_of_the_models_own() {
        let old = r#"{"verify": 0.27, "cluster": 0.49}"#;
        assert_eq!(
            serde_json::from_str::<Thresholds>(old).unwrap(),
            of(Centre::Model)
        );
        assert!(serde_json::from_str::<Thresholds>(r#"{"verfy": 0.27}"#).is_err());
        assert!(Thresholds::default().is_empty());
    }
}
