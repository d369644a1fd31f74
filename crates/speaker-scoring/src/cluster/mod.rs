//! Which embeddings belong together: trees of merges, their cuts, and clusters of more points than can all be compared.

mod agglomerative;
mod approximate;
mod clusters;
mod count;
mod dendrogram;
mod distances;
mod farthest;
mod groups;
mod nearest;
mod neighbour_graph;
mod reciprocal;
mod spectral;
mod tiles;
mod vbx;

pub use agglomerative::{
    Linkage, MAX_DISTANCE_BYTES, Metric, agglomerative, agglomerative_within, count_pairs,
};
pub use approximate::{Approximation, approximate_clusters};
pub use count::{SpeakerCount, cut_for_count};
pub use dendrogram::{Dendrogram, Level, Merge};
pub use groups::Groups;
pub use spectral::{MOST_SPEAKERS, Pruning, SpectralClusters, SpectralSettings, spectral_clusters};
pub use vbx::{VbxClusters, VbxSettings, vbx};
