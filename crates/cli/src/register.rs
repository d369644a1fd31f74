//! `--register`, and how what it holds is shown.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Error, Result};
use siamang::{Damage, Register, Writer};

use crate::console::Console;

/// How long a command waits for another one that writes to the same register.
pub(crate) const WAIT: Duration = Duration::from_secs(10);

/// Which register is meant.
#[derive(Debug, clap::Args)]
pub(crate) struct RegisterArgs {
    /// Folder of the register of voices.
    #[arg(long, value_name = "DIR")]
    pub(crate) register: PathBuf,
}

impl RegisterArgs {
    /// The register, for reading.
    pub(crate) fn open(&self, console: &Console) -> Result<Register> {
        let register = Register::open(&self.register).map_err(of_library)?;
        warn_of(register.damage(), console);
        Ok(register)
    }

    /// The register, for writing.
    pub(crate) fn write(&self, console: &Console) -> Result<Writer> {
        let writer = Writer::open(&self.register, WAIT).map_err(of_library)?;
        warn_of(writer.register().damage(), console);
        Ok(writer)
    }
}

/// An error of a register, with its remedy.
pub(crate) fn of_library(error: siamang::RegisterError) -> Error {
    siamang::Error::from(error).into()
}

/// Names what cannot be read.
pub(crate) fn warn_of(damage: &[Damage], console: &Console) {
    for damage in damage {
        console.skipped(&format!("damaged: {damage}"));
    }
}

/// A day, as `2026-12-01`, of seconds since 1970.
pub(crate) fn date(seconds: u64) -> String {
    // Days since 1 March of the year 0, in eras of 400 years of 146,097 days.
    let days = seconds / 86_400 + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    format!("{:04}-{month:02}-{day:02}", era * 400 + year + next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_of_the_calendar() {
        for (seconds, expected) in [
            (0, "1970-01-01"),
            (951_782_399, "2000-02-28"),
            (951_782_400, "2000-02-29"),
            (1_709_251_200, "2024-03-01"),
            (1_798_761_599, "2026-12-31"),
            (4_107_542_400, "2100-03-01"),
        ] {
            assert_eq!(date(seconds), expected);
        }
    }
}
