//! An encoder's weights for one whose trunk is thinner.

use std::collections::BTreeMap;

use super::EncoderConfig;
use crate::bundle::weights::NamedTensor;
use crate::choices::PartConfig;

/// What of an encoder's weights serves one with a thinner trunk.
#[derive(Clone, Debug)]
pub struct ThinnedWeights {
    /// The smaller encoder's weights. Tensors that its parts do not fit are as they were.
    pub tensors: BTreeMap<String, NamedTensor>,
    /// What is left of the trunk.
    pub words: String,
}

impl EncoderConfig {
    /// Those of `tensors`, which are an encoder's of `from` for `num_bins` bins, that serve this one, whose trunk is like
    /// `from`'s but for fewer layers: the layers stay whose outputs are read most, and of what reads all of them what reads
    /// those. `None` where it is no such trunk, or its kind cannot be thinned.
    #[must_use]
    pub fn thinned(
        &self,
        from: &Self,
        tensors: &BTreeMap<String, NamedTensor>,
        num_bins: usize,
    ) -> Option<ThinnedWeights> {
        let trunk = self.trunk.thinned(&from.trunk, tensors)?;
        let width = from.trunk.output_width(num_bins);
        let (statistics, all) = (from.pooling.output_width(width), from.pooled_dim(num_bins));
        let mut pooled: Vec<usize> = (0..statistics / width)
            .flat_map(|statistic| {
                trunk
                    .states
                    .iter()
                    .map(move |state| statistic * width + state)
            })
            .collect();
        pooled.extend(statistics..all);
        let rest = tensors
            .iter()
            .filter(|(name, _)| !name.starts_with("trunk."));
        let rest = rest.map(|(name, tensor)| {
            let axis = tensor.shape.iter().position(|&size| size == all);
            let axis = axis.filter(|_| name.starts_with("projection."));
            let selected = axis.and_then(|axis| tensor.selected(axis, &pooled));
            (name.clone(), selected.unwrap_or_else(|| tensor.clone()))
        });
        let rest: Vec<_> = rest.collect();
        Some(ThinnedWeights {
            tensors: trunk.tensors.into_iter().chain(rest).collect(),
            words: trunk.words,
        })
    }
}
