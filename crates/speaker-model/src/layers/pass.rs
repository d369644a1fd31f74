//! What goes along with a batch on its way through a network: dropout and statistics in training, and who looks.

use burn::module::Param;
use burn::tensor::Tensor;
use fused_conv::training::BatchStatistics;

use crate::layers::{Activation, DropoutStream, RunningStatistics};

/// What one layer makes of a batch.
#[derive(Debug)]
pub struct Seen<'a> {
    /// The layer's name: its path in the network, so that its parameters' names begin with it.
    pub layer: &'a str,
    /// What it gives.
    pub values: SeenValues<'a>,
}

/// A layer's output.
#[derive(Debug)]
pub enum SeenValues<'a> {
    /// A sequence `[frames, batch, width]`.
    Sequence {
        /// The output.
        values: &'a Tensor<3>,
        /// Where units have a range: they lie within ± this.
        limit: Option<f64>,
    },
    /// A vector an item, `[batch, width]`.
    Vectors {
        /// The output, before what follows the layer.
        values: &'a Tensor<2>,
        /// What follows it.
        activation: Activation,
    },
}

/// Who looks at what passes.
type Observer<'a> = &'a mut dyn FnMut(Seen<'_>);

/// One pass of a batch through a network.
#[derive(Default)]
pub struct Pass<'a> {
    dropout: Option<&'a mut DropoutStream>,
    running: Option<RunningStatistics>,
    observer: Option<Observer<'a>>,
    path: String,
}

impl<'a> Pass<'a> {
    /// Without dropout: as embeddings are made.
    #[must_use]
    pub fn inference() -> Self {
        Self::default()
    }

    /// With `dropout`, and batch norms by the statistics of the batch: a training step.
    #[must_use]
    pub fn training(dropout: &'a mut DropoutStream) -> Self {
        Self {
            dropout: Some(dropout),
            running: Some(RunningStatistics::default()),
            ..Self::default()
        }
    }

    /// Without dropout, and batch norms by the statistics of the batch: a look at what a training step does.
    #[must_use]
    pub fn by_batch_statistics() -> Self {
        Self {
            running: Some(RunningStatistics::default()),
            ..Self::default()
        }
    }

    /// The same, which shows every layer's output to `observer` in the order in which they are computed. Layers then make
    /// all of their output, also what the network does not use.
    #[must_use]
    pub fn seen_by(self, observer: &'a mut dyn FnMut(Seen<'_>)) -> Self {
        Self {
            observer: Some(observer),
            ..self
        }
    }

    /// Whether somebody looks.
    #[must_use]
    pub fn is_seen(&self) -> bool {
        self.observer.is_some()
    }

    /// `x` with dropout, in training.
    #[must_use]
    pub fn drop_out<const D: usize>(&mut self, x: Tensor<D>, probability: f64) -> Tensor<D> {
        match self.dropout.as_deref_mut() {
            Some(dropout) => dropout.apply(x, probability),
            None => x,
        }
    }

    /// Whether batch norms take the statistics of the batch, not the running ones.
    #[must_use]
    pub fn takes_statistics(&self) -> bool {
        self.running.is_some()
    }

    /// Keeps what a batch norm's running statistics have become by those of the batch.
    pub(crate) fn keep_statistics(
        &mut self,
        batch: &BatchStatistics,
        mean: &Param<Tensor<1>>,
        variance: &Param<Tensor<1>>,
    ) {
        if let Some(running) = &mut self.running {
            running.add(batch, mean, variance);
        }
    }

    /// The running statistics as the pass leaves them.
    #[must_use]
    pub fn into_running(self) -> RunningStatistics {
        self.running.unwrap_or_default()
    }

    /// What `pass` gives, whose layers are named below `name`: the field in which the module stands.
    pub fn within<T>(&mut self, name: &str, pass: impl FnOnce(&mut Self) -> T) -> T {
        if self.observer.is_none() {
            return pass(self);
        }
        let length = self.path.len();
        if length > 0 {
            self.path.push('.');
        }
        self.path.push_str(name);
        let result = pass(self);
        self.path.truncate(length);
        result
    }

    /// Shows `values` as the output of the layer at hand: the one that [`Self::within`] has named.
    pub fn show(&mut self, values: SeenValues<'_>) {
        if let Some(observer) = self.observer.as_deref_mut() {
            observer(Seen {
                layer: &self.path,
                values,
            });
        }
    }
}

impl std::fmt::Debug for Pass<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pass")
            .field("dropout", &self.dropout)
            .field("running", &self.running)
            .field("is_seen", &self.observer.is_some())
            .field("path", &self.path)
            .finish()
    }
}
