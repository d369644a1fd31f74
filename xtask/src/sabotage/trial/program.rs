//! Runs `siamang` as a user would.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Deserialize as _;
use serde_json::Value;

use crate::sabotage::trial::journal::summary;
use crate::sabotage::trial::record::{Found, Outcome};
use crate::sabotage::write::{TABLE, TRIALS};

/// The binary and what all its runs share.
pub(crate) struct Program {
    pub(crate) path: PathBuf,
    pub(crate) cache: PathBuf,
    /// How long one training may take.
    pub(crate) limit: Duration,
}

/// A training that is asked for.
pub(crate) struct Training<'a> {
    /// Folder of the recordings.
    pub(crate) data: &'a Path,
    /// Where the run, its configuration and its output go.
    pub(crate) folder: &'a Path,
    /// Flags of recipe and case.
    pub(crate) flags: Vec<String>,
    /// A whole configuration, where some of its settings are changed.
    pub(crate) configuration: Option<String>,
    pub(crate) steps: u64,
    pub(crate) seed: u64,
}

impl Program {
    /// What `--version` says.
    pub(crate) fn version(&self) -> Result<String> {
        let output = Command::new(&self.path)
            .arg("--version")
            .output()
            .with_context(|| format!("cannot run {}", self.path.display()))?;
        Ok(text(&output.stdout).trim().to_owned())
    }

    /// The configuration that these flags come to.
    pub(crate) fn configuration(&self, data: &Path, flags: &[String]) -> Result<String> {
        let mut command = self.train(data);
        command.args(flags).arg("--print-config");
        let output = command.output().context("cannot run siamang")?;
        if !output.status.success() {
            bail!("`train --print-config` failed: {}", text(&output.stderr));
        }
        Ok(text(&output.stdout))
    }

    /// Trains, asks the doctor, and evaluates on what was held back.
    pub(crate) fn outcome(&self, training: &Training<'_>, held_back: &Path) -> Result<Outcome> {
        let run = training.folder.join("run");
        let begun = Instant::now();
        let mut command = self.command(training)?;
        let code = self.finish(&mut command, training.folder)?;
        let train_s = begun.elapsed().as_secs_f64();
        let log = std::fs::read_to_string(training.folder.join("train.log")).unwrap_or_default();
        let summary = summary(&run);
        let mut outcome = Outcome {
            untrained_eer: summary.untrained_eer,
            dev_eer: summary.dev_eer,
            checks_s: summary.checks_s,
            train_s,
            ..Outcome::default()
        };
        if code != Some(0) && !summary.has_ended {
            // The remedy stands in the lines behind the error.
            let message = log.find("error:").map_or(log.trim(), |place| &log[place..]);
            let words: Vec<&str> = message.split_whitespace().collect();
            outcome.refusal = Some(words.join(" "));
            return Ok(outcome);
        }
        (outcome.verdict, outcome.findings) = self.doctor(&run)?;
        outcome.held_back_eer = self.evaluate(&run, held_back);
        Ok(outcome)
    }

    /// `siamang train` of this training, without its binary: what a table shows.
    pub(crate) fn shown(training: &Training<'_>) -> String {
        let mut words = vec!["siamang train --data DATA".to_owned()];
        words.extend(training.flags.iter().cloned());
        if training.configuration.is_some() {
            words.push("--config FILE".to_owned());
        }
        words.push(format!(
            "--max-steps {} --eval-every {} --seed {}",
            training.steps,
            eval_every(training.steps),
            training.seed
        ));
        words.join(" ")
    }

    fn train(&self, data: &Path) -> Command {
        let mut command = Command::new(&self.path);
        command.arg("train").arg("--data").arg(data);
        for (flag, name) in [("--split", TABLE), ("--trials", TRIALS)] {
            let path = data.join(name);
            if path.exists() && data.join(TABLE).exists() {
                command.arg(flag).arg(path);
            }
        }
        command
    }

    fn command(&self, training: &Training<'_>) -> Result<Command> {
        let mut command = self.train(training.data);
        match &training.configuration {
            None => command.args(&training.flags),
            Some(configuration) => {
                let path = training.folder.join("train.toml");
                std::fs::write(&path, configuration).context("cannot write a configuration")?;
                let mut flags = training.flags.iter();
                // The configuration holds what these amount to.
                while let Some(flag) = flags.next() {
                    match flag.as_str() {
                        "--preset" | "--sampler" | "--config" => {
                            flags.next();
                        }
                        _ => {
                            command.arg(flag);
                        }
                    }
                }
                command.arg("--config").arg(path)
            }
        };
        command
            .args(["--max-steps", &training.steps.to_string()])
            .args(["--eval-every", &eval_every(training.steps).to_string()])
            .args(["--seed", &training.seed.to_string()])
            .args(["--threads", "1", "--no-report", "--cache"])
            .arg(&self.cache)
            .arg("--out")
            .arg(training.folder.join("run"));
        Ok(command)
    }

    /// Runs it to its end, or to the limit; its exit code.
    fn finish(&self, command: &mut Command, folder: &Path) -> Result<Option<i32>> {
        let log = std::fs::File::create(folder.join("train.log")).context("cannot write a log")?;
        let mut child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .env("RAYON_NUM_THREADS", "1")
            .spawn()
            .with_context(|| format!("cannot run {}", self.path.display()))?;
        let begun = Instant::now();
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(status.code());
            }
            if begun.elapsed() > self.limit {
                child.kill()?;
                child.wait()?;
                bail!(
                    "a training took more than {:.0} s",
                    self.limit.as_secs_f64()
                );
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Verdict and findings.
    fn doctor(&self, run: &Path) -> Result<(Option<String>, Vec<Found>)> {
        let output = self.asked(&["doctor", "--json"], &[run])?;
        let answer: Value = serde_json::from_slice(&output.stdout)
            .with_context(|| format!("the doctor's answer: {}", text(&output.stderr)))?;
        let findings = Vec::deserialize(&answer["findings"]).context("the doctor's findings")?;
        Ok((answer["verdict"].as_str().map(str::to_owned), findings))
    }

    /// EER of the run's best model on what was held back, if it has one.
    fn evaluate(&self, run: &Path, held_back: &Path) -> Option<f64> {
        let arguments = [
            "eval",
            "--json",
            "--resamples",
            "0",
            "--threads",
            "1",
            "--model",
        ];
        let trials = held_back.join(TRIALS);
        let last = [
            run,
            Path::new("--root"),
            held_back,
            Path::new("--trials"),
            &trials,
        ];
        let output = self.asked(&arguments, &last).ok()?;
        let answer: Value = serde_json::from_slice(&output.stdout).ok()?;
        answer["eer"].as_f64()
    }

    fn asked(&self, arguments: &[&str], paths: &[&Path]) -> Result<Output> {
        let mut command = Command::new(&self.path);
        command
            .args(arguments)
            .args(paths)
            .env("RAYON_NUM_THREADS", "1");
        let output = command.output();
        output.with_context(|| format!("cannot run {}", self.path.display()))
    }
}

/// Three evaluations after the untrained network's.
fn eval_every(steps: u64) -> u64 {
    (steps / 3).max(1)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
