//! `--max-memory`.

use bytesize::ByteSize;
use sysinfo::System;

/// How much memory a command may take for what grows with its input.
#[derive(Debug, clap::Args)]
pub(crate) struct MemoryArgs {
    /// Memory that the distances of all recordings may take, such as `8GB` [default: 80 % of what is available].
    #[arg(long, value_name = "SIZE")]
    max_memory: Option<ByteSize>,
}

impl MemoryArgs {
    /// The limit in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.max_memory
            .map_or_else(|| available() / 10 * 8, |size| size.as_u64())
    }
}

/// Bytes that can be had without swapping, within the limit of the container, if there is one. Where the system does not
/// tell, 4 GiB.
fn available() -> u64 {
    let mut system = System::new();
    system.refresh_memory();
    let of_machine = match system.available_memory() {
        0 => 4 << 30,
        bytes => bytes,
    };
    let of_container = system.cgroup_limits().map(|limits| limits.free_memory);
    of_machine.min(of_container.filter(|&bytes| bytes > 0).unwrap_or(u64::MAX))
}
