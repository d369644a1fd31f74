//! The thresholds that a bundle's card states.

use std::path::Path;

use anyhow::Result;
use serde::Deserialize;

use crate::fault::fault;

const CARD_FILE: &str = "card.toml";

/// Thresholds of a model, from the table `[thresholds]` of `card.toml` in its bundle. A card may say more.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Thresholds {
    /// Two recordings whose cosine is at or above this are of one speaker.
    pub(crate) verify: Option<f64>,
    /// Clusters nearer than this (1 - cosine, complete linkage) are of one speaker.
    pub(crate) cluster: Option<f64>,
}

#[derive(Deserialize)]
struct Card {
    #[serde(default)]
    thresholds: Thresholds,
}

/// The thresholds of the bundle in `directory`; none where it has no card.
pub(crate) fn read(directory: &Path) -> Result<Thresholds> {
    let path = directory.join(CARD_FILE);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(Thresholds::default());
        }
        Err(error) => {
            return Err(fault(
                format!("cannot read `{}`: {error}", path.display()),
                "check its permissions, or remove the card",
            ));
        }
    };
    let card: Card = toml::from_str(&text).map_err(|error| {
        fault(
            format!("`{}` is no model card: {}", path.display(), error.message()),
            "its table `[thresholds]` may hold the numbers `verify` and `cluster`",
        )
    })?;
    Ok(card.thresholds)
}
