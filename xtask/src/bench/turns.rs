//! Contenders as processes that take turns.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::report::{Outcome, Row};

/// Repetitions that are not counted.
const WARM_UP: usize = 2;

/// Some contenders with the same work.
pub(crate) struct Comparison {
    /// `train-step T=40 B=100`, say.
    pub(crate) name: String,
    pub(crate) threads: usize,
    /// Rounds that are enough where each takes long.
    pub(crate) most_rounds: usize,
    /// Ours first.
    pub(crate) contenders: Vec<Contender>,
}

/// One way to do the work.
pub(crate) struct Contender {
    pub(crate) label: String,
    pub(crate) command: Vec<OsString>,
    pub(crate) environment: Vec<(&'static str, OsString)>,
}

#[derive(Deserialize)]
struct Ready {
    ready: bool,
}

#[derive(Deserialize)]
struct Turn {
    wall_ms: f64,
    cpu_ms: f64,
    check: f64,
}

/// A contender that runs.
struct Running {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Running {
    fn start(contender: &Contender) -> Result<Self> {
        let (program, arguments) = contender
            .command
            .split_first()
            .context("an empty command")?;
        let mut child = Command::new(program)
            .args(arguments)
            .envs(
                contender
                    .environment
                    .iter()
                    .map(|(name, value)| (name, value)),
            )
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            bail!("a contender has no pipes");
        };
        let mut running = Self {
            child,
            input,
            output: BufReader::new(output),
        };
        match running.read::<Ready>() {
            Ok(Ready { ready: true }) => Ok(running),
            _ => bail!("{}", running.last_words()),
        }
    }

    fn turn(&mut self) -> Result<Turn> {
        self.input.write_all(b"\n")?;
        self.input.flush()?;
        self.read()
    }

    /// The next line; what else libraries print on standard output is passed over.
    fn read<T: for<'de> Deserialize<'de>>(&mut self) -> Result<T> {
        let mut line = String::new();
        while self.output.read_line(&mut line)? > 0 {
            if let Ok(value) = serde_json::from_str(&line) {
                return Ok(value);
            }
            line.clear();
        }
        bail!("the contender ended early")
    }

    /// The last line of its standard error: why it did not start.
    fn last_words(mut self) -> String {
        let _ = self.child.kill();
        let text = self
            .child
            .wait_with_output()
            .map(|output| output.stderr)
            .unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        text.lines()
            .last()
            .unwrap_or("it ended without a word")
            .to_owned()
    }
}

/// Lets the contenders take turns for `rounds` rounds.
pub(crate) fn compare(comparison: Comparison, rounds: usize) -> Result<Outcome> {
    let rounds = rounds.min(comparison.most_rounds);
    let mut running = Vec::new();
    let mut missing = Vec::new();
    for (index, contender) in comparison.contenders.iter().enumerate() {
        match Running::start(contender) {
            Ok(contender) => running.push((index, contender)),
            Err(error) if index == 0 => return Err(error.context(contender.label.clone())),
            Err(error) => missing.push((contender.label.clone(), error.to_string())),
        }
    }
    let mut turns: Vec<Vec<Turn>> = running.iter().map(|_| Vec::new()).collect();
    for round in 0..WARM_UP + rounds {
        for ((_, contender), turns) in running.iter_mut().zip(&mut turns) {
            let turn = contender.turn()?;
            if round >= WARM_UP {
                turns.push(turn);
            }
        }
    }
    let rows = running
        .into_iter()
        .zip(turns)
        .map(|((index, mut contender), turns)| {
            drop(contender.input);
            let _ = contender.child.wait();
            Row::of(
                comparison.contenders[index].label.clone(),
                turns.iter().map(|turn| turn.wall_ms).collect(),
                turns.iter().map(|turn| turn.cpu_ms).collect(),
                turns.last().map_or(f64::NAN, |turn| turn.check),
            )
        })
        .collect();
    Ok(Outcome {
        name: comparison.name,
        threads: comparison.threads,
        rows,
        missing,
    })
}
