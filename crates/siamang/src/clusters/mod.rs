//! Groups of recordings by speaker.

mod cluster;
mod labels;
mod points;
mod protocol;

pub use cluster::{ClusterOptions, Clustering, Stop, UNCALIBRATED_DISTANCE, cluster};
pub use labels::{parse_labels, read_labels};
pub use points::{Points, Pool};
pub use protocol::{ClusterProtocol, Draw, Drawn};
