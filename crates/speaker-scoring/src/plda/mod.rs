//! Speakers and recordings as normal distributions: linear discriminants and the two-covariance model.

mod diagonal;
mod front;
mod matrix;
mod model;
mod score;
mod settings;
mod statistics;
mod two_covariance;

pub use model::Plda;
pub use score::PldaStatistics;
pub use settings::PldaSettings;
