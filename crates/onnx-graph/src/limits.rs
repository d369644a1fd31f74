//! How large a file and a run may become.

/// Bounds that a file must keep to. Each is checked before anything of the claimed size is allocated.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Bytes of the file.
    pub file_bytes: u64,
    /// Bytes that reading the file, and that one run with its weights, may take.
    pub memory_bytes: u64,
    /// Nodes of the graph.
    pub nodes: u64,
    /// Multiplications and element-wise operations of one run.
    pub operations: u64,
    /// Frames (or samples) of one item.
    pub frames: u64,
    /// Takes graphs whose shapes cannot be followed before they run. Neither memory nor operations behind the first
    /// such node are then bounded: for files that one trusts.
    pub allow_unfollowed: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 1 << 30,
            memory_bytes: 2 << 30,
            nodes: 20_000,
            operations: 20_000_000_000_000,
            frames: 1 << 24,
            allow_unfollowed: false,
        }
    }
}
