//! Parts of a manifest that batches do not mix.

use std::collections::BTreeMap;

use crate::config::GroupBy;
use crate::error::SamplerError;
use crate::index::GroupIndex;
use speech_data::{Manifest, name_list};

/// The share of batches below which a group is refused: an epoch visits every group often enough to reach all
/// its speakers, and would otherwise grow without bound.
const LEAST_SHARE: f64 = 1e-4;

/// Indices of the utterances of each group, by the group's name.
pub(crate) fn split_into_groups(
    manifest: &Manifest,
    group_by: Option<&GroupBy>,
) -> Result<BTreeMap<String, Vec<u32>>, SamplerError> {
    let mut parts: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    let Some(by) = group_by else {
        let all = (0..manifest.utterances.len() as u32).collect();
        return Ok(BTreeMap::from([(String::new(), all)]));
    };
    manifest.require_column(&by.column)?;
    for (utterance, number) in manifest.utterances.iter().zip(0u32..) {
        let value = utterance.column(&by.column).unwrap_or("-");
        match parts.get_mut(value) {
            Some(part) => part.push(number),
            None => {
                parts.insert(value.to_owned(), vec![number]);
            }
        }
    }
    Ok(parts)
}

/// Share of batches of each group, given or in proportion to their speakers; they sum to 1.
pub(crate) fn shares_of(
    groups: &[(String, GroupIndex)],
    group_by: Option<&GroupBy>,
) -> Result<Vec<f64>, SamplerError> {
    let no_weights = BTreeMap::new();
    let (column, weights) =
        group_by.map_or(("", &no_weights), |by| (by.column.as_str(), &by.weights));
    let refuse = |reason: String| {
        let names: Vec<&str> = groups.iter().map(|(name, _)| name.as_str()).collect();
        Err(SamplerError::Weights {
            column: column.to_owned(),
            reason,
            known: name_list(&names),
        })
    };
    let weights: Vec<f64> = if weights.is_empty() {
        groups
            .iter()
            .map(|(_, index)| index.speakers.len() as f64)
            .collect()
    } else {
        for (name, weight) in weights {
            if !groups.iter().any(|(group, _)| group == name) {
                return refuse(format!("`{name}` is none of the groups"));
            }
            if !(weight.is_finite() && *weight >= 0.0) {
                return refuse(format!(
                    "{weight} of `{name}` is not a number of at least 0"
                ));
            }
        }
        let mut found = Vec::new();
        for (name, _) in groups {
            match weights.get(name) {
                Some(&weight) => found.push(weight),
                None => {
                    return refuse(format!(
                        "`{name}` has none; name every group, with 0 for one to leave out"
                    ));
                }
            }
        }
        found
    };
    let sum: f64 = weights.iter().sum();
    if !(sum > 0.0 && sum.is_finite()) {
        return refuse("their sum must be a number above 0".to_owned());
    }
    let shares: Vec<f64> = weights.iter().map(|weight| weight / sum).collect();
    for ((name, _), &share) in groups.iter().zip(&shares) {
        if share > 0.0 && share < LEAST_SHARE {
            return refuse(format!(
                "`{name}` would have {share:.1e} of the batches, less than {LEAST_SHARE}; raise it, or leave the group out (weight 0 or a filter)"
            ));
        }
    }
    Ok(shares)
}
