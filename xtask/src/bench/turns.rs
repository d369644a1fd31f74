//! Contenders as processes that take turns.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use serde::Deserialize;

use super::contenders::{Contender, Contenders};
use super::report::{Missing, Outcome, Row};

/// Rounds that are not counted: PyTorch's second step is still slower than those after it.
const WARM_UP: usize = 2;

/// After this no further round begins, if there were enough.
const ENOUGH: Duration = Duration::from_secs(75);
const FEWEST_ROUNDS: usize = 3;

/// Some contenders with the same work.
pub(crate) struct Comparison {
    /// `train-step T=40 B=100`, say.
    pub(crate) name: String,
    pub(crate) threads: usize,
    pub(crate) contenders: Make,
}

/// Prepares what contenders need and makes them, ours first.
type Make = Box<dyn FnOnce(&Contenders) -> Result<Vec<Contender>>>;

#[derive(Deserialize)]
struct Ready {
    ready: bool,
    /// A peer's.
    version: Option<String>,
}

#[derive(Deserialize)]
struct Turn {
    wall_ms: f64,
    cpu_ms: f64,
    check: f64,
}

/// A contender that runs.
struct Running {
    label: String,
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    /// A file, which unlike a pipe is never full.
    errors: File,
    turns: Vec<Turn>,
}

impl Running {
    fn start(contender: Contender) -> Result<Self> {
        let command = contender.command.map_err(|reason| anyhow!(reason))?;
        let (program, arguments) = command.split_first().context("an empty command")?;
        let errors = tempfile::tempfile()?;
        let mut child = Command::new(program)
            .args(arguments)
            .envs(contender.environment)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors.try_clone()?)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            bail!("a contender has no pipes");
        };
        let mut running = Self {
            label: contender.label,
            child,
            input,
            output: BufReader::new(output),
            errors,
            turns: Vec::new(),
        };
        let ready: Ready = running.read()?;
        if !ready.ready {
            bail!("the contender is not ready");
        }
        if let Some(version) = ready.version {
            running.label += &format!(" ({version})");
        }
        Ok(running)
    }

    fn turn(&mut self) -> Result<Turn> {
        // A contender that has ended tells why when its answer is read.
        let _ = self.input.write_all(b"\n");
        self.read()
    }

    /// The next line; what else libraries print on standard output is passed over.
    fn read<T: for<'de> Deserialize<'de>>(&mut self) -> Result<T> {
        let mut line = String::new();
        while self.output.read_line(&mut line)? > 0 {
            if let Ok(value) = serde_json::from_str(&line) {
                return Ok(value);
            }
            if line.starts_with('{') {
                bail!("it answered {}", line.trim_end());
            }
            line.clear();
        }
        let status = self.child.wait()?;
        let mut errors = Vec::new();
        self.errors.rewind()?;
        self.errors.read_to_end(&mut errors)?;
        match String::from_utf8_lossy(&errors).lines().last() {
            Some(last) => bail!("{last}"),
            None => bail!("it ended without a word, {status}"),
        }
    }

    fn finish(mut self) -> Row {
        drop(self.input);
        let _ = self.child.wait();
        Row::of(
            self.label,
            self.turns.iter().map(|turn| turn.wall_ms).collect(),
            self.turns.iter().map(|turn| turn.cpu_ms).collect(),
            self.turns.last().map_or(f64::NAN, |turn| turn.check),
        )
    }
}

/// Lets the contenders take turns for `rounds` rounds, or fewer where they take long. Peers that do not start or that
/// end early are named with the reason; without ours there is no comparison.
pub(crate) fn compare(
    comparison: Comparison,
    makers: &Contenders,
    rounds: usize,
) -> Result<Outcome> {
    let mut running = Vec::new();
    let mut missing = Vec::new();
    for (index, contender) in (comparison.contenders)(makers)?.into_iter().enumerate() {
        let label = contender.label.clone();
        match Running::start(contender) {
            Ok(contender) => running.push(contender),
            Err(error) if index == 0 => return Err(error.context(label)),
            Err(error) => missing.push(Missing::new(label, &error)),
        }
    }
    let start = Instant::now();
    let mut done = 0;
    while done < WARM_UP + rounds && (done < WARM_UP + FEWEST_ROUNDS || start.elapsed() < ENOUGH) {
        let mut still = Vec::new();
        for (index, mut contender) in running.into_iter().enumerate() {
            match contender.turn() {
                Ok(turn) => {
                    if done >= WARM_UP {
                        contender.turns.push(turn);
                    }
                    still.push(contender);
                }
                Err(error) if index == 0 => return Err(error.context(contender.label)),
                Err(error) => missing.push(Missing::new(contender.label, &error)),
            }
        }
        running = still;
        done += 1;
    }
    Ok(Outcome {
        name: comparison.name,
        threads: comparison.threads,
        rounds: done - WARM_UP,
        rows: running.into_iter().map(Running::finish).collect(),
        missing,
    })
}
