//! What is settled before a file is imported.

use audio_features::FeatureConfig;
use foreign_weights::families::Family;

/// Most memory that a graph may take where nothing else is said, in MB.
pub const GRAPH_MEMORY_MB: u64 = 2048;

/// What a caller settles that a file leaves open.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportOptions {
    /// Which file of an archive that holds several networks: its name, or the end of it from a `/` on.
    pub member: Option<String>,
    /// Whose front end the network has.
    pub family: Option<Family>,
    /// A front end of its own, whatever the family.
    pub features: Option<FeatureConfig>,
    /// Which input of a graph takes the features.
    pub input: Option<String>,
    /// Which input of a graph takes their number.
    pub length: Option<String>,
    /// Which output of a graph is the embedding.
    pub output: Option<String>,
    /// Most memory that running a graph may take, in MB.
    pub memory_mb: u64,
}

impl Default for ImportOptions {
    fn default() -> Self {
        Self {
            member: None,
            family: None,
            features: None,
            input: None,
            length: None,
            output: None,
            memory_mb: GRAPH_MEMORY_MB,
        }
    }
}
