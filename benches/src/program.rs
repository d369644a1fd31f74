//! A whole program as a contender.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use cpu_time::ProcessTime;
use serde_json::Value;

use crate::Repetition;

/// Runs `command` to its end; field `check` of the JSON object that it prints is the repetition's number.
pub(crate) fn program(check: String, command: Vec<OsString>) -> Result<Repetition> {
    let Some((program, arguments)) = command.split_first() else {
        bail!("an empty command");
    };
    let (program, arguments) = (program.clone(), arguments.to_vec());
    Ok(Box::new(move || {
        let output = Command::new(&program)
            .args(&arguments)
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .with_context(|| format!("cannot run {}", program.display()))?;
        ensure!(
            output.status.success(),
            "{} failed: {}",
            program.display(),
            output.status
        );
        let answer: Value = serde_json::from_slice(&output.stdout)?;
        answer[&check]
            .as_f64()
            .with_context(|| format!("no number `{check}` in {answer}"))
    }))
}

/// Processor time of this process, and of its children that have ended where Linux tells (in steps of 10 ms).
pub(crate) fn processor_time() -> Result<Duration> {
    let own = ProcessTime::now().as_duration();
    let path = Path::new("/proc/self/stat");
    if !path.exists() {
        return Ok(own);
    }
    let text = std::fs::read_to_string(path)?;
    // Behind the program's name in parentheses, the 14th and 15th fields: see proc(5), cutime and cstime.
    let fields = text.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks: u64 = fields
        .split_whitespace()
        .skip(13)
        .take(2)
        .map(str::parse::<u64>)
        .sum::<Result<_, _>>()?;
    Ok(own + Duration::from_millis(10 * ticks))
}
