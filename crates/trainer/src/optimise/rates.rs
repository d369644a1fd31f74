//! Learning rates of single parameters, by their names.

use std::collections::BTreeSet;

use burn::lr_scheduler::module_lr_scheduler::{ModuleLearningRate, ModuleLrScheduler};
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamGroup, ParamId};
use burn::tensor::Tensor;
use speaker_model::ModulePath;
use speech_data::nearest_name;

use crate::TrainError;
use crate::config::LayerRate;

/// Which parameters of a network are trained at another rate than the rest.
#[derive(Clone, Debug, Default)]
pub struct Rates {
    /// By share of the learning rate.
    groups: Vec<(f64, Vec<ParamId>)>,
}

impl Rates {
    /// What `layers` say of the parameters of `network`; of several that name a parameter the last one counts.
    ///
    /// # Errors
    /// [`TrainError::Config`] for a name that no parameter has, and where nothing is left that is trained.
    pub fn new(layers: &[LayerRate], network: &impl Module) -> Result<Self, TrainError> {
        if layers.is_empty() {
            return Ok(Self::default());
        }
        let mut known = Known::default();
        network.visit(&mut known);
        let mut matched = vec![false; layers.len()];
        let mut groups: Vec<(f64, Vec<ParamId>)> = layers
            .iter()
            .map(|layer| (layer.rate, Vec::new()))
            .collect();
        let mut num_trained = 0;
        for parameter in &known.parameters {
            let mut rate = 1.0;
            let mut group = None;
            for (index, layer) in layers.iter().enumerate() {
                if names(&layer.name, &parameter.name) {
                    matched[index] = true;
                    (rate, group) = (layer.rate, Some(index));
                }
            }
            if let Some(index) = group {
                groups[index].1.push(parameter.id);
            }
            num_trained += usize::from(parameter.is_trained && rate > 0.0);
        }
        let fault = |found: String, remedy| TrainError::Config {
            place: "optimiser.layers".to_owned(),
            found,
            remedy,
        };
        if let Some(index) = matched.iter().position(|matched| !matched) {
            let found = format!(
                "no parameter's name is or begins with `{}`{}",
                layers[index].name,
                known.like(&layers[index].name)
            );
            return Err(fault(
                found,
                "name a parameter, a layer or a part of the network; `*` stands for anything",
            ));
        }
        if num_trained == 0 {
            let found = "every parameter has the rate 0".to_owned();
            return Err(fault(found, "leave something that is trained"));
        }
        groups.retain(|(_, ids)| !ids.is_empty());
        Ok(Self { groups })
    }

    /// `network` with its frozen parameters outside of what is trained: no gradient reaches them, and batch norms among them
    /// keep to their stored statistics.
    #[must_use]
    pub fn frozen<M: Module>(&self, network: M) -> M {
        let frozen = self.groups.iter().filter(|(rate, _)| *rate == 0.0);
        let frozen: BTreeSet<ParamId> = frozen.flat_map(|(_, ids)| ids.iter().copied()).collect();
        match frozen.is_empty() {
            true => network,
            false => network.map(&mut Freeze(frozen)),
        }
    }

    /// The learning rate of every parameter, where most have `learning_rate`.
    pub(super) fn at(&self, learning_rate: f64) -> ModuleLearningRate {
        if self.groups.is_empty() {
            return learning_rate.into();
        }
        let all = ModuleLrScheduler::new(learning_rate);
        let with = |policy: ModuleLrScheduler, (rate, ids): &(f64, Vec<ParamId>)| {
            policy.with_group(ParamGroup::from_ids(ids.clone()), learning_rate * rate)
        };
        self.groups.iter().fold(all, with).step()
    }
}

/// Whether `pattern` is the name of a parameter or its beginning up to a dot; `*` stands for any letters, also none.
fn names(pattern: &str, name: &str) -> bool {
    let ends = name.match_indices('.').map(|(at, _)| at);
    ends.chain([name.len()])
        .any(|end| is_like(pattern.as_bytes(), &name.as_bytes()[..end]))
}

/// Whether `text` is `pattern` with something in the place of each `*`. Where letters do not fit, the last `*` takes one more.
fn is_like(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut read) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while read < text.len() {
        if pattern.get(at) == Some(&b'*') {
            star = Some((at, read));
            at += 1;
        } else if pattern.get(at) == Some(&text[read]) {
            at += 1;
            read += 1;
        } else if let Some((of, taken)) = star {
            star = Some((of, taken + 1));
            (at, read) = (of + 1, taken + 1);
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(|&letter| letter == b'*')
}

struct Parameter {
    name: String,
    id: ParamId,
    is_trained: bool,
}

/// The parameters of a network.
#[derive(Default)]
struct Known {
    path: ModulePath,
    parameters: Vec<Parameter>,
}

impl Known {
    /// What there is in the place of a name that there is not: the one that is most like it, and the parts of the network.
    fn like(&self, name: &str) -> String {
        let names: BTreeSet<&str> = self
            .parameters
            .iter()
            .filter(|parameter| parameter.is_trained)
            .flat_map(|parameter| {
                let name = parameter.name.as_str();
                let ends = name.match_indices('.').map(|(at, _)| at);
                ends.chain([name.len()]).map(|end| &name[..end])
            })
            .collect();
        let parts = names.iter().filter(|name| name.matches('.').count() == 1);
        let parts: Vec<String> = parts.map(|name| format!("`{name}`")).collect();
        let nearest = nearest_name(name, names.iter().copied());
        let nearest = nearest.map_or(String::new(), |near| format!("; `{near}` is most like it"));
        format!("{nearest}; the network has {}", parts.join(", "))
    }
}

impl ModuleVisitor for Known {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _: &str, container: &str) {
        self.path.exit(container);
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.parameters.push(Parameter {
            name: self.path.name(),
            id: param.id,
            is_trained: param.val().is_require_grad(),
        });
    }
}

struct Freeze(BTreeSet<ParamId>);

impl ModuleMapper for Freeze {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        match self.0.contains(&param.id) {
            true => param.set_require_grad(false),
            false => param,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test that cannot prepare its data has failed"
    )]
    use burn::tensor::Device;

    use super::*;
    use crate::{Optimiser, TrainConfig};

    #[test]
    fn a_pattern_is_a_name_or_its_beginning_up_to_a_dot() {
        for (pattern, name, expected) in [
            ("encoder.trunk", "encoder.trunk.layers.0.weight", true),
            (
                "encoder.trunk.layers.0.weight",
                "encoder.trunk.layers.0.weight",
                true,
            ),
            (
                "encoder.trunk.layers.1",
                "encoder.trunk.layers.10.weight",
                false,
            ),
            ("encoder.tru", "encoder.trunk.layers.0.weight", false),
            ("*.weight", "encoder.trunk.layers.0.weight", true),
            ("*.layers.*.bias", "encoder.trunk.layers.0.weight", false),
            ("encoder.*.0", "encoder.trunk.layers.0.weight", true),
            ("encoder.*.1", "encoder.trunk.layers.0.1.weight", true),
            ("*", "loss.head", true),
            ("*norm*", "encoder.trunk.norm_2.scale", true),
            ("", "loss.head", false),
        ] {
            assert_eq!(names(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[derive(Module, Debug)]
    struct Tiny {
        first: Param<Tensor<1>>,
        second: Param<Tensor<1>>,
        third: Param<Tensor<1>>,
    }

    fn layer(name: &str, rate: f64) -> LayerRate {
        LayerRate {
            name: name.to_owned(),
            rate,
        }
    }

    fn tiny() -> Tiny {
        let device = Device::flex().autodiff();
        let param = |id| {
            let tensor = Tensor::<1>::from_floats([0.5, -0.25], &device).require_grad();
            Param::initialized(ParamId::from(id), tensor)
        };
        Tiny {
            first: param(1),
            second: param(2),
            third: param(3),
        }
    }

    /// Adam's first step is the learning rate times the sign of the gradient (but for epsilon).
    #[test]
    fn a_frozen_parameter_keeps_every_bit_and_a_tenth_of_the_rate_makes_a_tenth_of_the_first_step()
    {
        let mut config = TrainConfig::question().optimiser;
        config.layers = vec![layer("*", 0.5), layer("first", 0.0), layer("second", 0.1)];
        let rates = Rates::new(&config.layers, &tiny()).unwrap();
        let mut optimiser = Optimiser::new(&config).with_rates(rates.clone());
        let network = rates.frozen(tiny());
        let loss = |network: &Tiny| {
            let sum = network.first.val() + network.second.val() + network.third.val();
            (sum * Tensor::from_floats([2.0, -3.0], &Device::flex().autodiff())).sum()
        };
        let (network, norm) = optimiser.step(network.clone(), &loss(&network), 0.01);
        // Of what is trained alone.
        assert!((norm - 26.0_f64.sqrt()).abs() < 1e-5, "{norm}");
        let moved = |param: &Param<Tensor<1>>| -> Vec<f32> {
            let values: Vec<f32> = param.val().into_data().try_to_vec().unwrap();
            vec![values[0] - 0.5, values[1] + 0.25]
        };
        assert_eq!(moved(&network.first), [0.0, 0.0]);
        for (param, rate) in [(&network.second, 0.001), (&network.third, 0.005)] {
            let moved = moved(param);
            assert!(
                (moved[0] + rate).abs() < 1e-7 && (moved[1] - rate).abs() < 1e-7,
                "{moved:?} {rate}"
            );
        }
    }

    #[test]
    fn a_name_that_is_not_there_is_refused_with_one_that_is_and_so_is_a_training_of_nothing() {
        let error = Rates::new(&[layer("secnd", 0.1)], &tiny())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("`secnd`") && error.contains("`second` is most like it"),
            "{error}"
        );
        let error = Rates::new(&[layer("*", 0.0)], &tiny())
            .unwrap_err()
            .to_string();
        assert!(error.contains("rate 0"), "{error}");
        Rates::new(&[layer("*", 0.0), layer("third", 1.0)], &tiny()).unwrap();
    }
}
