//! `--centre`: which mean is subtracted from embeddings.

use clap::ValueEnum;
use siamang::Centre;

/// Which mean is subtracted from every embedding before the cosine is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CentreName {
    /// None.
    None,
    /// The mean of the model's training data, if its bundle holds one; embeddings of a file stay as they are.
    Model,
    /// The mean of the embeddings at hand, which in real use are not all known.
    These,
}

impl From<CentreName> for Centre {
    fn from(name: CentreName) -> Self {
        match name {
            CentreName::None => Self::None,
            CentreName::Model => Self::Model,
            CentreName::These => Self::These,
        }
    }
}
