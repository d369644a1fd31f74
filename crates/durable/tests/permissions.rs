//! What others may do with a finished file. The user's mask belongs to the process: this test is alone in its own.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::os::unix::fs::PermissionsExt;

use durable::NewFile;

#[test]
#[allow(unsafe_code, reason = "the mask is set by a function of C")]
fn permissions_are_those_that_the_mask_leaves_to_any_new_file() {
    let folder = tempfile::tempdir().unwrap();
    for mask in [0o022, 0o077, 0o002, 0o027] {
        // SAFETY: the function takes any mask.
        unsafe { libc::umask(mask) };
        let mode = |name: &str| {
            let path = folder.path().join(format!("{name}-{mask:o}"));
            match name {
                "durable" => durable::write(&path, b"x"),
                "private" => NewFile::create_private(&path).and_then(NewFile::finish),
                _ => std::fs::write(&path, b"x"),
            }
            .unwrap();
            std::fs::metadata(path).unwrap().permissions().mode() & 0o777
        };
        assert_eq!(mode("durable"), mode("plain"), "mask {mask:o}");
        assert_eq!(mode("durable"), 0o666 & !mask, "mask {mask:o}");
        assert_eq!(mode("private"), 0o600, "mask {mask:o}");
    }
}
