//! Weights of CAM++ for a CAM++ with fewer layers and channels of images: those that are read most.

use std::collections::BTreeMap;

use statrs::function::erf::erf;

use super::CamPlusPlusConfig;
use crate::bundle::weights::NamedTensor;
use crate::trunks::ThinnedTrunk;

impl CamPlusPlusConfig {
    /// Those of `tensors`, which are a trunk's of `from`, that serve this one, which is like it but for fewer layers and
    /// channels of images.
    ///
    /// Of each block the layers stay that bring most of what is read in it, as do the channels that leave it, and those of
    /// images: what a channel brings is its share of the variance of every sum that reads it, by the statistics of the batch
    /// norm that it comes from. Of the residual blocks of images the first stay.
    pub(crate) fn thinned(
        &self,
        from: &Self,
        tensors: &BTreeMap<String, NamedTensor>,
    ) -> Option<ThinnedTrunk> {
        if !self.is_thinner_than(from) {
            return None;
        }
        let mut thinner = Thinner {
            from,
            tensors,
            kept: BTreeMap::new(),
        };
        let images = thinner.images(self)?;
        thinner.entry(&images)?;
        let mut channels: Vec<usize> = (0..self.channels).collect();
        let mut words = Vec::new();
        for (index, block) in self.blocks.iter().enumerate() {
            let layers = thinner.layers(index, block.layers)?;
            channels = thinner.block(index, &layers, channels)?;
            words.push(format!(
                "{} of {} layers",
                layers.len(),
                from.blocks[index].layers
            ));
        }
        thinner.norm("trunk.norm", "trunk.norm", &channels)?;
        Some(ThinnedTrunk {
            tensors: thinner.kept,
            states: channels,
            words: format!(
                "{} of {} channels and {} of {} blocks a stage of images, {}",
                self.image_channels,
                from.image_channels,
                self.image_blocks,
                from.image_blocks,
                words.join(", ")
            ),
        })
    }

    fn is_thinner_than(&self, from: &Self) -> bool {
        let sizes = |config: &Self| {
            let blocks = config.blocks.iter();
            let blocks = blocks.map(|block| [block.kernel, block.dilation]);
            let widths = [config.channels, config.growth, config.bottleneck];
            (widths, blocks.collect::<Vec<_>>())
        };
        let mut pairs = self.blocks.iter().zip(&from.blocks);
        *self != *from
            && sizes(self) == sizes(from)
            && self.image_channels <= from.image_channels
            && self.image_blocks <= from.image_blocks
            && pairs.all(|(own, other)| own.layers <= other.layers)
    }
}

struct Thinner<'a> {
    from: &'a CamPlusPlusConfig,
    tensors: &'a BTreeMap<String, NamedTensor>,
    kept: BTreeMap<String, NamedTensor>,
}

impl Thinner<'_> {
    fn renamed(&mut self, from: &str, to: &str) {
        for (name, tensor) in named(self.tensors, from) {
            self.kept.insert(format!("{to}{name}"), tensor.clone());
        }
    }

    /// The images' layers for `config`, and the channels that leave them.
    fn images(&mut self, config: &CamPlusPlusConfig) -> Option<Vec<usize>> {
        let count = config.image_channels;
        let block = |stage: usize, block: usize| {
            format!(
                "trunk.images.blocks.{}",
                stage * self.from.image_blocks + block
            )
        };
        let readers = |block: &str| vec![format!("{block}.first"), format!("{block}.shortcut")];
        let entry = "trunk.images.entry";
        let mut channels = self.read_most(&[entry], &readers(&block(0, 0)), count)?;
        let mut plan = vec![(
            entry.to_owned(),
            entry.to_owned(),
            vec![0],
            channels.clone(),
        )];
        for stage in 0..2 {
            let first = block(stage, 0);
            // A stage's blocks add to the same channels.
            let out: Vec<String> = ["second", "shortcut"]
                .map(|part| format!("{first}.{part}"))
                .into();
            let next = match stage {
                0 => readers(&block(1, 0)),
                _ => vec!["trunk.images.leave".to_owned()],
            };
            let within =
                (1..self.from.image_blocks).map(|of| format!("{}.first", block(stage, of)));
            let next: Vec<String> = next.into_iter().chain(within).collect();
            let out = self.read_most(&[&out[0], &out[1]], &next, count)?;
            for index in 0..config.image_blocks {
                let from = block(stage, index);
                let to = format!(
                    "trunk.images.blocks.{}",
                    stage * config.image_blocks + index
                );
                let part = |part: &str| (format!("{from}.{part}"), format!("{to}.{part}"));
                let (first, second, shortcut) = (part("first"), part("second"), part("shortcut"));
                let middle = self.read_most(&[&first.0], std::slice::from_ref(&second.0), count)?;
                plan.push((first.0, first.1, channels.clone(), middle.clone()));
                plan.push((second.0, second.1, middle, out.clone()));
                if index == 0 {
                    plan.push((shortcut.0, shortcut.1, channels, out.clone()));
                }
                channels = out.clone();
            }
        }
        let leave = "trunk.images.leave";
        let left = self.read_most(&[leave], &["trunk.entry".to_owned()], count)?;
        plan.push((leave.to_owned(), leave.to_owned(), channels, left.clone()));
        for (from, to, input, output) in plan {
            self.convolution(&from, &to, &input, &output)?;
        }
        Some(left)
    }

    /// A convolution with batch norm.
    fn convolution(
        &mut self,
        from: &str,
        to: &str,
        input: &[usize],
        output: &[usize],
    ) -> Option<()> {
        let weight = self.tensors.get(&format!("{from}.weight"))?;
        let weight = weight.selected(1, input)?.selected(0, output)?;
        self.kept.insert(format!("{to}.weight"), weight);
        self.norm(
            &format!("{from}.after.norm"),
            &format!("{to}.after.norm"),
            output,
        )
    }

    /// The first layer over frames, which reads all bands of the images' `channels`.
    fn entry(&mut self, channels: &[usize]) -> Option<()> {
        let weight = self.tensors.get("trunk.entry.weight")?;
        let bands = weight.shape.get(1)? / self.from.image_channels;
        let input: Vec<usize> = channels
            .iter()
            .flat_map(|channel| channel * bands..(channel + 1) * bands)
            .collect();
        let output: Vec<usize> = (0..self.from.channels).collect();
        self.convolution("trunk.entry", "trunk.entry", &input, &output)
    }

    /// The `count` channels of the sum of the convolutions `from` that bring most to the convolutions `readers`.
    fn read_most(&self, from: &[&str], readers: &[String], count: usize) -> Option<Vec<usize>> {
        let norms = from
            .iter()
            .map(|of| self.statistics(&format!("{of}.after.norm")));
        let norms = norms.collect::<Option<Vec<_>>>()?;
        let variances: Vec<f64> = (0..norms.first()?.len())
            .map(|channel| {
                let [mean, variance] = norms.iter().fold([0.0; 2], |[mean, variance], norm| {
                    let (shift, scale) = norm[channel];
                    [mean + shift, variance + scale * scale]
                });
                rectified_variance(mean, variance.sqrt())
            })
            .collect();
        let mut sums = vec![0.0; variances.len()];
        for reader in readers {
            // Only the first block of a stage has a shortcut of its own.
            let weight = self.tensors.get(&format!("{reader}.weight"))?;
            add_shares(&mut sums, &variances, weight);
        }
        Some(largest(&sums, count))
    }

    /// Mean and deviation of what leaves a batch norm, before it is rectified.
    fn statistics(&self, norm: &str) -> Option<Vec<(f64, f64)>> {
        let part = |part: &str| Some(&self.tensors.get(&format!("{norm}.{part}"))?.values);
        let pairs = part("shift")?.iter().zip(part("scale")?);
        let pairs = pairs.map(|(&shift, &scale)| (shift.into(), f64::from(scale).abs()));
        Some(pairs.collect())
    }

    /// A batch norm of `channels`.
    fn norm(&mut self, from: &str, to: &str, channels: &[usize]) -> Option<()> {
        for part in ["mean", "scale", "shift", "variance"] {
            let tensor = self.tensors.get(&format!("{from}.{part}"))?;
            let tensor = tensor.selected(0, channels)?;
            self.kept.insert(format!("{to}.{part}"), tensor);
        }
        Some(())
    }

    /// Channels that a layer adds.
    fn added(&self, block: usize, layer: usize) -> std::ops::Range<usize> {
        let begin = self.from.entering(block) + layer * self.from.growth;
        begin..begin + self.from.growth
    }

    /// The `count` layers of a block that bring most, in their order.
    fn layers(&self, block: usize, count: usize) -> Option<Vec<usize>> {
        let shares = self.shares_in_block(block)?;
        let layers = (0..self.from.blocks[block].layers).map(|layer| {
            shares
                .get(self.added(block, layer))
                .map(|of| of.iter().sum())
        });
        Some(largest(&layers.collect::<Option<Vec<f64>>>()?, count))
    }

    /// What each channel of a block brings to the sums in it.
    fn shares_in_block(&self, block: usize) -> Option<Vec<f64>> {
        let name = format!("trunk.blocks.{block}");
        let layers = (0..self.from.blocks[block].layers).map(|layer| {
            let layer = format!("{name}.layers.{layer}");
            (format!("{layer}.norm"), format!("{layer}.enter.weight"))
        });
        let leave = (format!("{name}.norm"), format!("{name}.leave.weight"));
        let mut sums = vec![
            0.0;
            self.from.entering(block)
                + self.from.blocks[block].layers * self.from.growth
        ];
        for (norm, weight) in layers.chain([leave]) {
            add_shares(
                &mut sums,
                &self.variances(&norm)?,
                self.tensors.get(&weight)?,
            );
        }
        Some(sums)
    }

    /// Variances of what the rectifier behind a batch norm lets through.
    fn variances(&self, norm: &str) -> Option<Vec<f64>> {
        let statistics = self.statistics(norm)?.into_iter();
        Some(
            statistics
                .map(|(mean, deviation)| rectified_variance(mean, deviation))
                .collect(),
        )
    }

    /// Keeps `layers` of a block into which `channels` go, and says which channels go out.
    fn block(
        &mut self,
        block: usize,
        layers: &[usize],
        mut channels: Vec<usize>,
    ) -> Option<Vec<usize>> {
        let name = format!("trunk.blocks.{block}");
        for (index, &layer) in layers.iter().enumerate() {
            let (from, to) = (
                format!("{name}.layers.{layer}"),
                format!("{name}.layers.{index}"),
            );
            self.renamed(&format!("{from}."), &format!("{to}."));
            self.norm(&format!("{from}.norm"), &format!("{to}.norm"), &channels)?;
            let weight = self.tensors.get(&format!("{from}.enter.weight"))?;
            let weight = weight.selected(1, &channels)?;
            self.kept.insert(format!("{to}.enter.weight"), weight);
            channels.extend(self.added(block, layer));
        }
        let norm = format!("{name}.norm");
        self.norm(&norm, &norm, &channels)?;
        let leaving = self.leaving(block, channels.len() / 2)?;
        let leave = format!("{name}.leave.weight");
        let weight = self.tensors.get(&leave)?;
        let weight = weight.selected(1, &channels)?.selected(0, &leaving)?;
        self.kept.insert(leave, weight);
        Some(leaving)
    }

    /// The `count` channels that leave a block and bring most to the next one, or behind the last one those that vary most.
    fn leaving(&self, block: usize, count: usize) -> Option<Vec<usize>> {
        let width = self.from.entering(block + 1);
        let shares = if block + 1 < self.from.blocks.len() {
            self.shares_in_block(block + 1)?
        } else {
            self.variances("trunk.norm")?
        };
        Some(largest(shares.get(..width)?, count))
    }
}

/// Adds to `sums` the share of each channel in the variance of the sums `weight` `[sums, channels, ...]`, mean over these.
fn add_shares(sums: &mut [f64], variances: &[f64], weight: &NamedTensor) {
    let num_rows = weight.shape.first().map_or(1, |&rows| rows.max(1));
    let inner = weight.values.len() / num_rows / variances.len().max(1);
    for row in weight.values.chunks_exact((variances.len() * inner).max(1)) {
        let channels = row.chunks_exact(inner.max(1)).zip(variances);
        let brought: Vec<f64> = channels
            .map(|(weights, variance)| {
                variance * weights.iter().map(|&w| f64::from(w * w)).sum::<f64>()
            })
            .collect();
        let all = brought.iter().sum::<f64>().max(f64::MIN_POSITIVE);
        for (sum, brought) in sums.iter_mut().zip(brought) {
            *sum += brought / all / num_rows as f64;
        }
    }
}

/// Tensors whose names begin with `prefix`, by the rest of their names.
fn named<'a>(
    tensors: &'a BTreeMap<String, NamedTensor>,
    prefix: &'a str,
) -> impl Iterator<Item = (&'a str, &'a NamedTensor)> {
    let from = tensors.range(prefix.to_owned()..);
    from.map_while(move |(name, tensor)| Some((name.strip_prefix(prefix)?, tensor)))
}

/// Places of the `count` largest of `values`, in their order; of equal ones the first.
fn largest(values: &[f64], count: usize) -> Vec<usize> {
    let mut places: Vec<usize> = (0..values.len()).collect();
    places.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
    places.truncate(count);
    places.sort_unstable();
    places
}

/// Variance of max(0, z) for a normal z of `mean` and `deviation`.
fn rectified_variance(mean: f64, deviation: f64) -> f64 {
    if deviation == 0.0 {
        return 0.0;
    }
    let place = mean / deviation;
    let above = 0.5 * (1.0 + erf(place / std::f64::consts::SQRT_2));
    let density = (-0.5 * place * place).exp() / std::f64::consts::TAU.sqrt();
    let first = mean * above + deviation * density;
    let second = (mean * mean + deviation * deviation) * above + mean * deviation * density;
    (second - first * first).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `scipy.integrate.quad` of z and z² times the density, above 0.
    #[test]
    fn a_rectified_normal_has_the_variance_that_its_integral_has() {
        for (mean, deviation, expected) in [
            (0.0, 1.0, 0.340_845_056_908),
            (1.0, 0.5, 0.240_049_092_697),
            (-0.7, 2.0, 0.859_017_769_356),
            (5.0, 1.0, 0.999_999_446_040),
        ] {
            let found = rectified_variance(mean, deviation);
            assert!(
                (found - expected).abs() < 1e-9,
                "{mean}, {deviation}: {found}"
            );
        }
        assert_eq!(rectified_variance(3.0, 0.0), 0.0);
    }

    #[test]
    fn the_largest_keep_their_order() {
        assert_eq!(largest(&[0.2, 3.0, 1.0, 3.0], 2), [1, 3]);
        assert_eq!(largest(&[1.0, 1.0, 1.0], 2), [0, 1]);
        assert_eq!(largest(&[1.0], 3), [0]);
    }
}
