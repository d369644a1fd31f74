//! The model that is built in: the bundle `data/models/default` of the source tree.

use speaker_model::BundleFiles;

/// What it is called in reports.
pub(crate) const NAME: &str = "the built-in model";

/// Its files.
pub(crate) const FILES: BundleFiles<'static> = BundleFiles::Memory {
    name: NAME,
    files: &[
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
        (
            "calibration.json",
            include_bytes!("../../../../data/models/default/calibration.json"),
        ),
        (
            "cohort.safetensors",
            include_bytes!("../../../../data/models/default/cohort.safetensors"),
        ),
        (
            "speakers.txt",
            include_bytes!("../../../../data/models/default/speakers.txt"),
        ),
    ],
};
