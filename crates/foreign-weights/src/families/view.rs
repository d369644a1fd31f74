//! Looking for layers in a file.

use crate::file::ForeignFile;
use crate::onnx::OnnxGraph;

/// A file, and how its tensors are looked for.
pub(super) struct View<'f> {
    pub(super) file: &'f ForeignFile,
}

impl<'f> View<'f> {
    pub(super) fn new(file: &'f ForeignFile) -> Self {
        Self { file }
    }

    /// What stands before a tensor of this name: nothing, or something that ends with a dot. The shortest, if there are several.
    pub(super) fn prefix(&self, name: &str) -> Option<&'f str> {
        let before = |full: &'f String| {
            full.strip_suffix(name)
                .filter(|before| before.is_empty() || before.ends_with('.'))
        };
        self.file
            .tensors
            .keys()
            .filter_map(before)
            .min_by_key(|before| before.len())
    }

    /// The sizes of a tensor.
    pub(super) fn shape(&self, prefix: &str, name: &str) -> Option<&'f [usize]> {
        let tensor = self.file.tensors.get(&format!("{prefix}{name}"))?;
        Some(&tensor.shape)
    }

    /// One size of a tensor.
    pub(super) fn size(&self, prefix: &str, name: &str, axis: usize) -> Option<usize> {
        self.shape(prefix, name)?.get(axis).copied()
    }

    pub(super) fn has(&self, prefix: &str, name: &str) -> bool {
        self.shape(prefix, name).is_some()
    }

    /// How many tensors there are of a name whose number counts from `first` on, `name(first)`, `name(first + 1)` ...
    pub(super) fn count(
        &self,
        prefix: &str,
        first: usize,
        name: impl Fn(usize) -> String,
    ) -> usize {
        (first..)
            .take_while(|index| self.has(prefix, &name(*index)))
            .count()
    }

    /// The graph, of ONNX files.
    pub(super) fn graph(&self) -> Option<&'f OnnxGraph> {
        self.file.graph.as_ref()
    }

    /// Names of a graph's inputs and outputs.
    pub(super) fn ports(&self) -> Option<(Vec<&'f str>, Vec<&'f str>)> {
        let graph = self.graph()?;
        let inputs = graph.inputs.iter().map(|port| port.name.as_str()).collect();
        let outputs = graph
            .outputs
            .iter()
            .map(|port| port.name.as_str())
            .collect();
        Some((inputs, outputs))
    }

    /// What an ONNX file says under a key.
    pub(super) fn says(&self, key: &str) -> Option<&'f str> {
        self.graph()?;
        self.file.metadata.get(key).map(String::as_str)
    }

    /// The last size of a graph's output, or what `output_dim` says.
    pub(super) fn output_width(&self, output: usize) -> Option<usize> {
        let said = self
            .says("output_dim")
            .and_then(|text| text.trim().parse().ok());
        let size = || {
            let size = self.graph()?.outputs.get(output)?.shape.last()?;
            size.as_ref()
                .ok()
                .and_then(|size| usize::try_from(*size).ok())
        };
        said.or_else(size)
    }

    /// The last size of a graph's first input: bands, where frames come before them.
    pub(super) fn input_width(&self) -> Option<usize> {
        let size = self.graph()?.inputs.first()?.shape.last()?;
        size.as_ref()
            .ok()
            .and_then(|size| usize::try_from(*size).ok())
    }
}
