//! The thresholds that a bundle's card states.

use std::path::Path;

use serde::Deserialize;
use speaker_scoring::Thresholds;

use crate::error::Error;

/// File of a bundle that says what was measured of it.
pub(crate) const CARD_FILE: &str = "card.toml";

/// A card may say more than thresholds.
#[derive(Deserialize)]
struct Card {
    #[serde(default)]
    thresholds: Thresholds,
}

/// The thresholds of the bundle in `directory`; none where it has no card.
pub(crate) fn read(directory: &Path) -> Result<Thresholds, Error> {
    let path = directory.join(CARD_FILE);
    match std::fs::read_to_string(&path) {
        Ok(text) => parse(&text, &path),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Thresholds::default()),
        Err(error) => Err(Error::Card {
            path,
            found: error.to_string(),
        }),
    }
}

/// What a card at `path` says.
pub(crate) fn parse(text: &str, path: &Path) -> Result<Thresholds, Error> {
    let card: Card = toml::from_str(text).map_err(|error| Error::Card {
        path: path.to_owned(),
        found: error.message().to_owned(),
    })?;
    Ok(card.thresholds)
}
