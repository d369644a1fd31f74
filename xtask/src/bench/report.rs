//! Medians, spread and ratios, for people and for programs.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use anyhow::Result;
use serde_json::json;

use super::peers::tcmalloc;

/// A comparison that was run.
pub(crate) struct Outcome {
    pub(crate) name: String,
    pub(crate) threads: usize,
    pub(crate) rounds: usize,
    /// Ours first.
    pub(crate) rows: Vec<Row>,
    pub(crate) missing: Vec<Missing>,
}

/// One contender's times, in ms.
pub(crate) struct Row {
    label: String,
    wall: Times,
    cpu: Times,
    check: f64,
}

/// A peer that did not run.
pub(crate) struct Missing {
    label: String,
    reason: String,
}

impl Missing {
    pub(crate) fn new(label: String, error: &anyhow::Error) -> Self {
        let reason = format!("{error:#}");
        Self { label, reason }
    }
}

/// Median and quartiles.
#[derive(Clone, Copy)]
struct Times {
    median: f64,
    quartiles: [f64; 2],
}

impl Row {
    pub(crate) fn of(label: String, wall: Vec<f64>, cpu: Vec<f64>, check: f64) -> Self {
        Self {
            label,
            wall: Times::of(wall),
            cpu: Times::of(cpu),
            check,
        }
    }
}

impl Times {
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let place = share * values.len().saturating_sub(1) as f64;
            let (low, rest) = (place.floor() as usize, place.fract());
            let high = (low + 1).min(values.len().saturating_sub(1));
            values
                .get(low)
                .map_or(f64::NAN, |low| low + rest * (values[high] - low))
        };
        Self {
            median: at(0.5),
            quartiles: [at(0.25), at(0.75)],
        }
    }

    /// Half the distance of the quartiles, as a share of the median.
    fn spread(self) -> f64 {
        (self.quartiles[1] - self.quartiles[0]) / 2.0 / self.median
    }
}

/// One line on standard error for a comparison that is done.
pub(crate) fn progress(outcome: &Outcome) -> Result<()> {
    let ours = &outcome.rows[0];
    let mut line = format!(
        "{} ({} threads): {} {:.1} ms",
        outcome.name, outcome.threads, ours.label, ours.wall.median
    );
    for row in &outcome.rows[1..] {
        write!(
            line,
            " · {} {:.2} x",
            row.label,
            row.wall.median / ours.wall.median
        )?;
    }
    for Missing { label, reason } in &outcome.missing {
        write!(line, " · {label} not run: {reason}")?;
    }
    writeln!(std::io::stderr(), "{line}")?;
    Ok(())
}

pub(crate) fn print(text: &str) -> Result<()> {
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

/// One object: for each comparison and peer name, ours, peer, ratio, spread, threads; and the peers that did not run.
pub(crate) fn print_json(outcomes: &[Outcome]) -> Result<()> {
    let (mut comparisons, mut not_run) = (Vec::new(), Vec::new());
    for outcome in outcomes {
        let ours = &outcome.rows[0];
        for peer in &outcome.rows[1..] {
            comparisons.push(json!({
                "name": outcome.name,
                "ours": {"label": ours.label, "median_ms": ours.wall.median, "cpu_median_ms": ours.cpu.median, "check": ours.check},
                "peer": {"label": peer.label, "median_ms": peer.wall.median, "cpu_median_ms": peer.cpu.median, "check": peer.check},
                "ratio": peer.wall.median / ours.wall.median,
                "spread": {"ours": ours.wall.spread(), "peer": peer.wall.spread()},
                "threads": outcome.threads,
                "rounds": outcome.rounds,
            }));
        }
        for Missing { label, reason } in &outcome.missing {
            not_run.push(json!({
                "name": outcome.name,
                "peer": label,
                "reason": reason,
                "threads": outcome.threads,
            }));
        }
    }
    print(&format!(
        "{:#}\n",
        json!({"machine": machine(), "comparisons": comparisons, "not_run": not_run})
    ))
}

/// Title of the one section of BENCHMARKS.md that people write.
const READING: &str = "## What it says\n";

/// BENCHMARKS.md, with what people wrote into the `old` one.
pub(crate) fn markdown(root: &Path, outcomes: &[Outcome], old: &str) -> String {
    let mut text = format!(
        "# Benchmarks\n\nWritten by `cargo xtask bench`, but for the section \"What it says\", which it leaves as it is. Machine: {}. Commit {}.\n\
         The contenders are processes that take turns, one repetition each a round, after two to warm up. Median of wall time ± half the distance of its\n\
         quartiles, median of processor time; the ratio is a median wall time over Siamang's, so that above 1 Siamang is the quicker. The ratio of the\n\
         matrix products alone is the share of Siamang's step that no LSTM can go below. Ours: mimalloc, denormals flushed. tcmalloc: {}.\n",
        machine(),
        commit(root),
        tcmalloc().map_or("not found".to_owned(), |path| path.display().to_string()),
    );
    if let Some(reading) = reading(old) {
        text += "\n";
        text += reading;
        text += "\n";
    }
    for outcome in outcomes {
        let ours = outcome.rows[0].wall.median;
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "\n## {}, {} thread{}, {} rounds\n\n| | wall, ms | cpu, ms | ratio |\n|---|---|---|---|\n",
            outcome.name,
            outcome.threads,
            if outcome.threads == 1 { "" } else { "s" },
            outcome.rounds
        );
        for row in &outcome.rows {
            let _ = writeln!(
                text,
                "| {} | {:.1} ± {:.0} % | {:.1} | {:.2} |",
                row.label,
                row.wall.median,
                100.0 * row.wall.spread(),
                row.cpu.median,
                row.wall.median / ours
            );
        }
        for Missing { label, reason } in &outcome.missing {
            let _ = writeln!(text, "| {label} | not run: {reason} | | |");
        }
    }
    text
}

/// The section [`READING`], without the lines that end it.
fn reading(old: &str) -> Option<&str> {
    let section = &old[old.find(READING)?..];
    let end = section[READING.len()..].find("\n## ");
    let end = end.map_or(section.len(), |end| READING.len() + end);
    Some(section[..end].trim_end())
}

fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let line = info.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let flags = field("flags").unwrap_or_default();
    let known: Vec<&str> = ["avx2", "avx512f", "avx512_bf16", "amx_bf16"]
        .into_iter()
        .filter(|flag| flags.split(' ').any(|found| found == *flag))
        .collect();
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    format!(
        "{}, {cores} cores, {}",
        field("model name").unwrap_or("unknown processor".to_owned()),
        known.join(", ")
    )
}

fn commit(root: &Path) -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git")
            .args(arguments)
            .current_dir(root)
            .output()
            .ok()?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let commit = git(&["rev-parse", "--short=12", "HEAD"]).unwrap_or_else(|| "unknown".to_owned());
    match git(&["status", "--porcelain", "--untracked-files=no"]) {
        Some(changes) if !changes.is_empty() => format!("{commit} with changes"),
        _ => commit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_quartiles_are_interpolated() {
        let times = Times::of(vec![4.0, 1.0, 2.0, 3.0]);
        assert_eq!((times.median, times.quartiles), (2.5, [1.75, 3.25]));
        assert!((times.spread() - 0.3).abs() < 1e-12);
        assert_eq!(Times::of(vec![7.0]).median, 7.0);
    }

    #[test]
    fn what_people_wrote_is_kept() {
        let outcome = |name: &str| Outcome {
            name: name.to_owned(),
            threads: 1,
            rounds: 2,
            rows: vec![Row::of(
                "siamang".to_owned(),
                vec![2.0, 2.0],
                vec![1.0, 1.0],
                0.0,
            )],
            missing: vec![Missing::new(
                "SciPy".to_owned(),
                &anyhow::anyhow!("no Python"),
            )],
        };
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let old = "# Benchmarks\n\n## What it says\n\nFast.\n\n### Why\n\n## old, 1 thread\n";
        let text = markdown(root, &[outcome("new")], old);
        assert!(
            text.contains("\n## What it says\n\nFast.\n\n### Why\n\n## new, 1 thread, 2 rounds\n")
        );
        assert!(text.contains("| SciPy | not run: no Python | | |"));
        assert!(!text.contains("## old"));
        let again = markdown(root, &[outcome("new")], &text);
        assert_eq!(again, text);
        assert!(!markdown(root, &[outcome("new")], "").contains("\n## What it says"));
    }
}
