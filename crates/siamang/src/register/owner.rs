//! Which model a register belongs to, and what it keeps of recordings beside their vectors.

use std::path::{Path, PathBuf};
use std::time::Duration;

use audio_features::Quality;
use serde::{Deserialize, Serialize};
use speech_data::{Cut, Location};
use voice_register::{About, Owner, Register, Writer};

use crate::error::Error;
use crate::model::Model;
use crate::recordings::Input;

/// What is kept of a recording beside its vector.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Facts {
    /// How it sounds.
    pub(super) quality: Option<Quality>,
    /// The file, from the root on, where it is one and its name is text.
    pub(super) file: Option<String>,
    /// The part of it that is meant, in s.
    pub(super) cut: Option<[f64; 2]>,
    /// The channel that is meant.
    pub(super) channel: Option<usize>,
}

impl Facts {
    pub(super) fn of(input: &Input, quality: &Quality) -> Self {
        let file = input.location.file();
        let file = file.and_then(|path| std::path::absolute(path).ok());
        let cut = input.location.part();
        Self {
            quality: Some(quality.clone()),
            file: file.and_then(|path| path.to_str().map(str::to_owned)),
            cut: cut.map(|cut| [cut.start_s(), cut.end_s()]),
            channel: input.location.one_channel(),
        }
    }

    pub(super) fn read(about: &About) -> Self {
        serde_json::from_value(about.facts.clone()).unwrap_or_default()
    }

    /// Where the recording was, if that can be found again.
    pub(super) fn location(&self) -> Option<Location> {
        let mut location = Location::from(PathBuf::from(self.file.as_ref()?));
        if let Some([start, end]) = self.cut {
            location = location.cut(Cut::new(start, end)?);
        }
        if let Some(channel) = self.channel {
            location = location.channel(channel);
        }
        Some(location)
    }
}

/// How an enrolled recording sounds, where that was kept.
#[must_use]
pub fn quality_of(about: &About) -> Option<Quality> {
    Facts::read(about).quality
}

/// What a register says of the model that it belongs to.
pub(super) fn owner(model: &Model) -> Result<Owner, Error> {
    Ok(Owner {
        model_hash: model.hash()?,
        model: model.name(),
        dim: model.dim(),
    })
}

fn check(register: &Register, model: &Model) -> Result<(), Error> {
    if register.owner().model_hash == model.hash()? {
        return Ok(());
    }
    Err(Error::OtherModel {
        register: register.path().to_owned(),
        owner: register.owner().model.clone(),
        model: model.name(),
    })
}

/// Opens a register for reading, which must belong to `model`.
///
/// # Errors
/// [`Error::OtherModel`], [`Error::Register`].
pub fn open_register(folder: &Path, model: &Model) -> Result<Register, Error> {
    let register = Register::open(folder)?;
    check(&register, model)?;
    Ok(register)
}

/// Opens the register of `model` in `folder` for writing, or makes it; another process that writes is waited for.
///
/// # Errors
/// [`Error::OtherModel`], [`Error::Register`].
pub fn open_writer(folder: &Path, model: &Model, wait: Duration) -> Result<Writer, Error> {
    let writer = Writer::create(folder, owner(model)?, wait)?;
    check(writer.register(), model)?;
    Ok(writer)
}
