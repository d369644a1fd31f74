//! The model that is built in: the bundle `data/models/default` of the source tree.

use speaker_model::Bundle;

use crate::error::{Error, unwritable};

/// What it is called in reports.
pub(crate) const NAME: &str = "the built-in model";

const FILES: [(&str, &[u8]); 4] = [
    (
        "bundle.toml",
        include_bytes!("../../../../data/models/default/bundle.toml"),
    ),
    (
        "weights.safetensors",
        include_bytes!("../../../../data/models/default/weights.safetensors"),
    ),
    (
        "self_test.json",
        include_bytes!("../../../../data/models/default/self_test.json"),
    ),
    (
        "card.toml",
        include_bytes!("../../../../data/models/default/card.toml"),
    ),
];

/// The bundle, loaded and tested on the device of this name, and its hash. A bundle is a folder: the files lie in one for
/// as long as they are read.
pub(crate) fn load(device: &str) -> Result<(Bundle, String), Error> {
    let device = speaker_model::device(device)?;
    let folder = tempfile::tempdir().map_err(|error| unwritable(&std::env::temp_dir(), &error))?;
    for (name, bytes) in FILES {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).map_err(|error| unwritable(&path, &error))?;
    }
    let bundle = Bundle::load(folder.path(), &device)?;
    Ok((bundle, Bundle::hash(folder.path())?))
}
