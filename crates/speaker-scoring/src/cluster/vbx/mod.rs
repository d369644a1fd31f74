//! Who speaks when, of a sequence of segments: a Bayesian hidden Markov model whose states are speakers (VBx).

mod chain;
mod places;
mod settings;

use chain::Chain;
use places::Segments;

use super::agglomerative::check_bytes;
use crate::ScoringError;

pub use settings::VbxSettings;

/// A speaker with a smaller share of the recording who is nowhere the likeliest is none.
const NOBODY: f64 = 1e-7;

/// Features and variances beyond this have squares that are not finite, and no model made them.
const FARTHEST: f64 = 1e30;

/// What VBx makes of a sequence of segments.
#[derive(Debug, Clone, PartialEq)]
pub struct VbxClusters {
    /// `[segments]`: the likeliest speaker of each, numbered in order of first appearance.
    pub labels: Vec<usize>,
    /// `[segments, speakers]`, row-major: how likely each speaks (γ). Where speakers were dropped they add up to a little less than 1.
    pub responsibilities: Vec<f64>,
    /// `[speakers]`: how often each speaks (π). The likeliest of some segment come first, as they are numbered; others are left that are
    /// nowhere the likeliest.
    pub shares: Vec<f64>,
    /// The bound on the evidence after each round (ELBO), a natural logarithm; it never falls but for rounding.
    pub bounds: Vec<f64>,
}

/// Clusters segments in their order in time by VBx (Landini et al. 2022, "Bayesian HMM clustering of x-vector sequences"), in at most `bytes_allowed`, some
/// 40 bytes for each segment and label. Nothing is allocated before that is certain.
///
/// `features` `[segments, dim]`, row-major, are embeddings in coordinates in which recordings of one speaker vary by 1 around it and speakers by
/// `phi` `[dim]` around 0, as [`Plda::projected`](crate::Plda::projected) and [`Plda::psi`](crate::Plda::psi) give them. `labels` `[segments]`, any numbers, are those of
/// a first clustering, one speaker too many rather than one too few: VBx drops speakers but never adds one.
///
/// Formulas are the paper's. The authors' program adds 1e-8 to probabilities before it takes logarithms, and differs by
/// as much. The result does not depend on the number of threads.
///
/// # Errors
/// No segments; lists that do not fit together; a feature that is not finite or beyond 1e30, a variance that is below 0 or beyond that; settings outside of their
/// ranges; more than `bytes_allowed` hold.
pub fn vbx(
    features: &[f64],
    phi: &[f64],
    labels: &[usize],
    settings: &VbxSettings,
    bytes_allowed: u64,
) -> Result<VbxClusters, ScoringError> {
    settings.check()?;
    check_model(features, phi, labels)?;
    let labels = numbered(labels);
    let speakers = labels.iter().max().map_or(0, |&last| last + 1);
    let entries = (labels.len() as u64).saturating_mul(speakers as u64);
    let model = (speakers * phi.len()) as u64 * 40;
    let bytes_needed = entries.saturating_mul(40).saturating_add(model);
    check_bytes(labels.len(), bytes_needed, bytes_allowed)?;

    let segments = Segments { features, phi };
    let mut responsibilities = smoothed(&labels, speakers, settings.sureness);
    let mut shares = vec![1.0 / speakers as f64; speakers];
    let mut bounds: Vec<f64> = Vec::new();
    for _ in 0..settings.iterations {
        let places = segments.places(&responsibilities, settings);
        let likelihoods = segments.likelihoods(&places, settings);
        let chain = Chain {
            stay: settings.stay,
            shares: &shares,
        };
        let told = chain.told(&likelihoods);
        let bound = told.log_likelihood - places.cost(settings);
        responsibilities = told.responsibilities;
        let total: f64 = told.drawn.iter().sum();
        shares = told.drawn.iter().map(|drawn| drawn / total).collect();
        let is_last = bounds
            .last()
            .is_some_and(|before| bound - before < settings.tolerance);
        bounds.push(bound);
        if is_last {
            break;
        }
    }
    Ok(without_nobody(&responsibilities, &shares, bounds))
}

fn check_model(features: &[f64], phi: &[f64], labels: &[usize]) -> Result<(), ScoringError> {
    let dim = phi.len();
    for (name, is_empty) in [("phi", dim == 0), ("features", features.is_empty())] {
        if is_empty {
            return Err(ScoringError::Empty { name });
        }
    }
    if !features.len().is_multiple_of(dim) {
        return Err(ScoringError::DimensionMismatch {
            name: "features",
            index: features.len() / dim,
            found: features.len() % dim,
            expected: dim,
        });
    }
    if labels.len() != features.len() / dim {
        return Err(ScoringError::LengthMismatch {
            name: "labels",
            found: labels.len(),
            expected: features.len() / dim,
        });
    }
    if let Some(index) = features.iter().position(|value| !value.is_finite()) {
        return Err(ScoringError::NotFinite {
            name: "features",
            index: index / dim,
            value: features[index] as f32,
        });
    }
    let beyond = |name, found, expected| ScoringError::InvalidParameter {
        name,
        found,
        expected,
    };
    if let Some(&found) = features.iter().find(|value| value.abs() > FARTHEST) {
        return Err(beyond("features", found, "from -1e30 to 1e30"));
    }
    match phi.iter().find(|phi| !(0.0..=FARTHEST).contains(*phi)) {
        Some(&found) => Err(beyond("phi", found, "variances from 0 to 1e30")),
        None => Ok(()),
    }
}

/// Any numbers as those from 0 in order of first appearance.
fn numbered(labels: &[usize]) -> Vec<usize> {
    let mut number = std::collections::HashMap::new();
    let numbers = labels.iter().map(|&label| {
        let next = number.len();
        *number.entry(label).or_insert(next)
    });
    numbers.collect()
}

/// `[segments, speakers]`: of each segment the speaker of its label, and others as far as that is not sure.
fn smoothed(labels: &[usize], speakers: usize, sureness: f64) -> Vec<f64> {
    // Over e to the sureness, which may be large.
    let other = (-sureness).exp();
    let total = 1.0 + other * (speakers - 1) as f64;
    let mut responsibilities = vec![other / total; labels.len() * speakers];
    for (row, &label) in responsibilities.chunks_exact_mut(speakers).zip(labels) {
        row[label] = 1.0 / total;
    }
    responsibilities
}

/// Numbers the speakers that are the likeliest somewhere in order of first appearance, others after them, and drops those that never speak.
fn without_nobody(responsibilities: &[f64], shares: &[f64], bounds: Vec<f64>) -> VbxClusters {
    let speakers = shares.len();
    let likeliest = |row: &[f64]| {
        let places = 0..row.len();
        let best = places.reduce(|best, next| if row[next] > row[best] { next } else { best });
        best.unwrap_or(0)
    };
    let rows = responsibilities.chunks_exact(speakers);
    let owners: Vec<usize> = rows.clone().map(likeliest).collect();
    let mut order: Vec<usize> = Vec::new();
    let mut number = vec![usize::MAX; speakers];
    let rest = (0..speakers).filter(|&speaker| shares[speaker] >= NOBODY);
    for speaker in owners.iter().copied().chain(rest) {
        if number[speaker] == usize::MAX {
            number[speaker] = order.len();
            order.push(speaker);
        }
    }
    VbxClusters {
        labels: owners.iter().map(|&owner| number[owner]).collect(),
        responsibilities: rows
            .flat_map(|row| order.iter().map(|&speaker| row[speaker]))
            .collect(),
        shares: order.iter().map(|&speaker| shares[speaker]).collect(),
        bounds,
    }
}
