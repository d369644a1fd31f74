//! The result of the clustering protocol, as it is written down.

use serde::{Deserialize, Serialize};
use speaker_scoring::{
    Dendrogram, EmbeddingMatrix, Linkage, MAX_DISTANCE_BYTES, Metric, Scorer, agglomerative,
    count_pairs,
};

use crate::verification::mean_score;
use crate::{
    Cut, CutResult, EvalError, ListIdentity, LowestRates, best_threshold, cut_and_score, eer,
    lowest_rates, roc_auc,
};

/// Points and the speaker of each.
#[derive(Debug, Clone, Copy)]
pub struct LabelledPoints<'a> {
    /// `[points, dim]`.
    pub embeddings: &'a EmbeddingMatrix,
    /// One a point; any ids will do.
    pub speakers: &'a [usize],
}

/// One set of points under the protocol: cosine distance, complete linkage, every cut by its name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProtocolReport {
    /// Which points.
    pub list: ListIdentity,
    /// Number of points.
    pub n_points: usize,
    /// Number of speakers.
    pub n_speakers: usize,
    /// Distance between points.
    pub metric: Metric,
    /// Distance between clusters.
    pub linkage: Linkage,
    /// Whether a mean was subtracted first.
    pub centred: bool,
    /// The cut with the lowest MR-hungarian on these points.
    pub oracle: CutResult,
    /// The cut at the height that was best on the development speakers, where there are some.
    pub dev_threshold: Option<CutResult>,
    /// The cut into the true number of speakers.
    pub known_speakers: CutResult,
    /// The lowest value of each rate, each at its own oracle cut.
    pub lowest: LowestRates,
    /// Scores that need no cut.
    pub pairs: PairScores,
}

/// How all pairs of points separate by their cosine. Rates are between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PairScores {
    /// Pairs of one speaker.
    pub n_target: usize,
    /// Pairs of two speakers.
    pub n_nontarget: usize,
    /// Equal error rate.
    pub eer: f64,
    /// Area under the ROC.
    pub roc_auc: f64,
    /// Mean cosine of the former.
    pub mean_same: f64,
    /// Mean cosine of the latter.
    pub mean_different: f64,
}

/// Clusters the `test` points and scores them at the oracle cut, at the threshold chosen on `dev`
/// and with the number of speakers known. `mean` `[dim]` is subtracted from both sets first.
///
/// # Errors
/// No two points of one speaker or of two; speakers, points and dimensions that do not fit together;
/// too many points.
pub fn protocol_report(
    list: ListIdentity,
    test: LabelledPoints<'_>,
    dev: Option<LabelledPoints<'_>>,
    mean: Option<&[f32]>,
) -> Result<ProtocolReport, EvalError> {
    let (metric, linkage) = (Metric::Cosine, Linkage::Complete);
    let prepare = |points: LabelledPoints<'_>| -> Result<(EmbeddingMatrix, Dendrogram), EvalError> {
        let mut embeddings = points.embeddings.clone();
        if let Some(mean) = mean {
            embeddings.centre(mean)?;
        }
        let tree = agglomerative(&embeddings, metric, linkage)?;
        Ok((embeddings, tree))
    };
    let (embeddings, tree) = prepare(test)?;
    let dev_threshold = match dev {
        None => None,
        Some(dev) => {
            let height = best_threshold(&prepare(dev)?.1, dev.speakers)?;
            let cut = Cut::Threshold { height };
            Some(cut_and_score(&tree, test.speakers, cut)?)
        }
    };
    let known_speakers = cut_and_score(&tree, test.speakers, Cut::KnownSpeakers)?;
    Ok(ProtocolReport {
        list,
        n_points: embeddings.len(),
        n_speakers: known_speakers.scores.num_clusters,
        metric,
        linkage,
        centred: mean.is_some(),
        oracle: cut_and_score(&tree, test.speakers, Cut::Oracle)?,
        dev_threshold,
        known_speakers,
        lowest: lowest_rates(&tree, test.speakers)?,
        pairs: pair_scores(&embeddings, test.speakers)?,
    })
}

/// The pair, its score, its kind, its rank and its group of tied scores.
const BYTES_PER_PAIR: u64 = 16 + 4 + 1 + 8 + 24;

/// Scores all pairs of rows by cosine.
///
/// # Errors
/// Another number of speakers than rows; no pair of one speaker or no pair of two; more points than
/// [`MAX_DISTANCE_BYTES`] hold the pairs of.
pub fn pair_scores(
    embeddings: &EmbeddingMatrix,
    speakers: &[usize],
) -> Result<PairScores, EvalError> {
    if speakers.len() != embeddings.len() {
        return Err(EvalError::LengthMismatch {
            name: "speakers",
            reference: "embeddings",
            found: speakers.len(),
            expected: embeddings.len(),
        });
    }
    count_pairs(speakers.len(), BYTES_PER_PAIR, 0, MAX_DISTANCE_BYTES)?;
    let points = 0..speakers.len();
    let pairs: Vec<(usize, usize)> = points
        .clone()
        .flat_map(|i| (i + 1..points.end).map(move |j| (i, j)))
        .collect();
    let scores = Scorer::Cosine.scores(embeddings, &pairs)?;
    let is_target: Vec<bool> = pairs
        .iter()
        .map(|&(i, j)| speakers[i] == speakers[j])
        .collect();
    let rate = eer(&scores, &is_target)?;
    Ok(PairScores {
        n_target: rate.num_target,
        n_nontarget: rate.num_nontarget,
        eer: rate.eer,
        roc_auc: roc_auc(&scores, &is_target)?,
        mean_same: mean_score(&scores, &is_target, true),
        mean_different: mean_score(&scores, &is_target, false),
    })
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// Two noisy points of each of 40 speakers in 256 dimensions, as in the published simulation.
    fn points(seed: u64, speaker_scale: f64, offset: f64) -> (EmbeddingMatrix, Vec<usize>) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut vector = |scale: f64| -> Vec<f64> {
            // A sum of twelve uniform numbers is close enough to normal.
            let mut normal = || (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0;
            (0..256).map(|_| scale * normal()).collect()
        };
        let common = vector(offset);
        let mut rows = vec![];
        for _ in 0..40 {
            let speaker = vector(speaker_scale);
            for noise in [vector(0.5), vector(1.0)] {
                let sum = (0..256).map(|i| (common[i] + speaker[i] + noise[i]) as f32);
                rows.push(sum.collect::<Vec<f32>>());
            }
        }
        let speakers = (0..80).map(|point| point / 2).collect();
        (EmbeddingMatrix::from_rows(&rows).unwrap(), speakers)
    }

    fn report(seed: u64, scale: f64, offset: f64, centre: bool) -> ProtocolReport {
        let (test, speakers) = points(seed, scale, offset);
        let (dev, dev_speakers) = points(seed + 1000, scale, offset);
        let mean = test.mean();
        let list = ListIdentity {
            name: "simulation".to_owned(),
            hash: seed.to_string(),
        };
        let label = |embeddings, speakers| LabelledPoints {
            embeddings,
            speakers,
        };
        protocol_report(
            list,
            label(&test, &speakers),
            Some(label(&dev, &dev_speakers)),
            centre.then_some(&mean[..]),
        )
        .unwrap()
    }

    /// A sweep of random vectors reaches 0.500 / 0.492 / 0.983 on average: no information.
    #[test]
    fn random_vectors_give_the_chance_values() {
        let reports: Vec<_> = (0..6).map(|seed| report(seed, 0.0, 0.0, false)).collect();
        let mean = |rate: fn(&LowestRates) -> f64| {
            reports
                .iter()
                .map(|report| rate(&report.lowest))
                .sum::<f64>()
                / 6.0
        };
        assert!((mean(|rates| rates.mr_ab) - 0.5).abs() < 0.01);
        assert!((mean(|rates| rates.mr_hungarian) - 0.492).abs() < 0.015);
        assert!((mean(|rates| rates.mr_legacy) - 0.983).abs() < 0.02);
    }

    /// A common offset hides all speakers from the cosine, and centring brings them back.
    #[test]
    fn an_offset_ruins_cosine_clustering_until_centred() {
        let clean = report(1, 0.6, 0.0, false);
        assert!(clean.oracle.scores.mr_hungarian <= 0.0125);
        let offset = report(1, 0.6, 3.0, false);
        assert!(offset.oracle.scores.mr_hungarian > 0.4);
        let centred = report(1, 0.6, 3.0, true);
        assert!(centred.oracle.scores.mr_hungarian <= 0.0125);
        assert!(centred.centred && !offset.centred);
    }

    #[test]
    fn report_tells_the_cuts_apart() {
        let report = report(2, 0.45, 0.0, false);
        assert_eq!((report.n_points, report.n_speakers), (80, 40));
        assert_eq!(
            (report.pairs.n_target, report.pairs.n_nontarget),
            (40, 3120)
        );
        let dev = report.dev_threshold.as_ref().unwrap();
        assert!(report.oracle.scores.mr_hungarian <= dev.scores.mr_hungarian);
        assert_eq!(
            report.oracle.scores.mr_hungarian,
            report.lowest.mr_hungarian
        );
        assert!(report.pairs.mean_same > report.pairs.mean_different);
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["linkage"], "complete");
        assert_eq!(json["oracle"]["cut"]["kind"], "oracle");
        assert_eq!(json["dev_threshold"]["cut"]["kind"], "threshold");
        assert!(json["oracle"]["scores"]["mr"].is_number());
    }
}
