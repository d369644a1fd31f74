//! Which input takes the features, in which order, and which output is the vector.

use crate::OnnxError;
use crate::error::shown;
use crate::net::{Axis, Net, Port};

/// Order of an input's axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// `[items, frames, bins]`.
    FramesBins,
    /// `[items, bins, frames]`, as NeMo has it.
    BinsFrames,
    /// `[items, samples]`: the network makes its own features.
    Samples,
}

/// What a caller settles that the file leaves open. What is `None` is chosen by the file's shapes and names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// The input of the features.
    pub input: Option<String>,
    /// The input of their number.
    pub length: Option<String>,
    /// The output.
    pub output: Option<String>,
    /// Order of the input's axes.
    pub layout: Option<Layout>,
    /// Features of a frame.
    pub bins: Option<usize>,
}

/// What was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ports {
    /// The input of the features.
    pub input: String,
    /// The input of their number.
    pub length: Option<String>,
    /// The output.
    pub output: String,
    /// Order of the input's axes.
    pub layout: Layout,
    /// Features of a frame; 1 for samples.
    pub bins: usize,
    /// Whether it takes several items at once.
    pub dynamic_batch: bool,
}

fn listed<'a>(ports: impl IntoIterator<Item = &'a Port>) -> String {
    let names: Vec<String> = ports
        .into_iter()
        .map(|port| {
            let axes = port.axes.iter().flatten();
            let axes: Vec<String> = axes
                .map(|axis| match axis {
                    Axis::Fixed(size) => size.to_string(),
                    Axis::Dynamic(name) if name.is_empty() => "?".to_owned(),
                    Axis::Dynamic(name) => name.clone(),
                })
                .collect();
            format!(
                "`{}` {} [{}]",
                shown(&port.name),
                port.element,
                axes.join(", ")
            )
        })
        .collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}

/// The port of this name, or the only one.
fn pick<'a>(
    name: &Option<String>,
    candidates: Vec<&'a Port>,
    all: &[Port],
    what: &str,
) -> Result<&'a Port, OnnxError> {
    if let Some(name) = name {
        return candidates
            .into_iter()
            .find(|port| port.name == *name)
            .ok_or_else(|| {
                OnnxError::interface(
                    format!("no {what} `{}` among {}", shown(name), listed(all)),
                    format!("the name of an {what} that fits"),
                )
            });
    }
    match candidates[..] {
        [one] => Ok(one),
        _ => Err(OnnxError::interface(
            format!(
                "{} candidates for the {what}: {}",
                candidates.len(),
                listed(all)
            ),
            format!("one {what} that fits"),
        )),
    }
}

impl Ports {
    pub(crate) fn choose(net: &Net, choice: &Choice) -> Result<Self, OnnxError> {
        let ranks = |port: &&Port| {
            port.axes
                .as_ref()
                .is_none_or(|axes| matches!(axes.len(), 2 | 3))
        };
        let floats = |port: &&Port| port.element == "FLOAT";
        let candidates: Vec<&Port> = net.inputs.iter().filter(floats).filter(ranks).collect();
        let input = pick(&choice.input, candidates, &net.inputs, "input")?;
        let integers = |port: &&Port| matches!(port.element.as_str(), "INT64" | "INT32");
        let single = |port: &&Port| port.axes.as_ref().is_none_or(|axes| axes.len() == 1);
        let lengths: Vec<&Port> = net.inputs.iter().filter(integers).filter(single).collect();
        let length = if lengths.is_empty() && choice.length.is_none() {
            None
        } else {
            Some(
                pick(&choice.length, lengths, &net.inputs, "input")?
                    .name
                    .clone(),
            )
        };
        let output = Self::output(net, choice)?;
        let (layout, bins) = Self::layout(input, choice)?;
        let axes = input.axes.as_deref().unwrap_or_default();
        let dynamic_batch = match axes.first() {
            Some(Axis::Fixed(1)) => false,
            Some(Axis::Fixed(batch)) => {
                return Err(OnnxError::FixedBatch {
                    input: shown(&input.name),
                    batch: *batch,
                });
            }
            _ => true,
        };
        Ok(Self {
            input: input.name.clone(),
            length,
            output,
            layout,
            bins,
            dynamic_batch,
        })
    }

    fn output(net: &Net, choice: &Choice) -> Result<String, OnnxError> {
        let floats: Vec<&Port> = net
            .outputs
            .iter()
            .filter(|port| port.element == "FLOAT")
            .collect();
        if choice.output.is_none() && floats.len() > 1 {
            let named: Vec<&&Port> = floats
                .iter()
                .filter(|port| port.name.to_lowercase().contains("emb"))
                .collect();
            if let [one] = named[..] {
                return Ok(one.name.clone());
            }
        }
        Ok(pick(&choice.output, floats, &net.outputs, "output")?
            .name
            .clone())
    }

    fn layout(input: &Port, choice: &Choice) -> Result<(Layout, usize), OnnxError> {
        let name = shown(&input.name);
        let fixed = |axis: &Axis| match axis {
            Axis::Fixed(size) => Some(*size),
            Axis::Dynamic(_) => None,
        };
        let open =
            |found: String| Err(OnnxError::interface(found, "a layout and a number of bins"));
        let sizes: Option<Vec<Option<u64>>> = input
            .axes
            .as_ref()
            .map(|axes| axes.iter().map(fixed).collect());
        let layout = match (choice.layout, sizes.as_deref()) {
            (Some(layout), _) => layout,
            (None, Some([_, _])) => Layout::Samples,
            (None, Some([_, None, Some(_)])) => Layout::FramesBins,
            (None, Some([_, Some(_), None])) => Layout::BinsFrames,
            (None, Some([_, Some(one), Some(other)])) => {
                let same = choice.bins.map(|bins| bins as u64);
                let frames = if same == Some(*one) || (same.is_none() && one < other) {
                    other
                } else {
                    one
                };
                return Err(OnnxError::FixedTime {
                    input: name,
                    frames: *frames,
                });
            }
            (None, Some([_, None, None])) if name == "audio_signal" => Layout::BinsFrames,
            _ => {
                return open(format!(
                    "the input {} does not say which axis holds the frames",
                    listed([input])
                ));
            }
        };
        let (rank, time, bins) = match layout {
            Layout::FramesBins => (3, 1, Some(2)),
            Layout::BinsFrames => (3, 2, Some(1)),
            Layout::Samples => (2, 1, None),
        };
        let size = |axis: usize| sizes.as_ref().and_then(|sizes| sizes[axis]);
        if let Some(sizes) = &sizes
            && sizes.len() != rank
        {
            return open(format!(
                "the input {} has {} axes",
                listed([input]),
                sizes.len()
            ));
        }
        if let Some(frames) = size(time) {
            return Err(OnnxError::FixedTime {
                input: name,
                frames,
            });
        }
        let Some(axis) = bins else {
            return Ok((layout, 1));
        };
        let declared = size(axis).map(|bins| bins as usize);
        match (choice.bins, declared) {
            (Some(chosen), Some(declared)) if chosen != declared => open(format!(
                "{chosen} bins are asked for, the input {} has {declared}",
                listed([input])
            )),
            (chosen, declared) => match chosen.or(declared) {
                Some(bins) => Ok((layout, bins)),
                None => open(format!(
                    "the input {} does not say how many bins a frame has",
                    listed([input])
                )),
            },
        }
    }
}
