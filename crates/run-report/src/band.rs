//! Where the curves of healthy runs of a preset lie, to draw a run's own over.

use std::path::Path;

use diagnosis::journal::{Journal, StepSummary};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ReportError;
use crate::terms::{term_names, term_of};

/// Version 1 had the terms of one loss as fields.
const FORMAT_VERSION: u32 = 2;

/// Half the width of the window, in steps, that the lowest and highest value are taken over: curves are noisy in time too.
const WINDOW_STEPS: u64 = 60;

/// Points of a curve at most.
const MAX_POINTS: usize = 120;

/// Keys of a configuration that may differ between runs of one preset.
const FREE_KEYS: [&str; 4] = ["seed", "max_minutes", "eval_every", "precision"];

/// The bands that come with this crate: file name and content.
const SHIPPED: [(&str, &str); 5] = [
    ("best.json", include_str!("../bands/best.json")),
    ("paper-pk.json", include_str!("../bands/paper-pk.json")),
    (
        "question-pk.json",
        include_str!("../bands/question-pk.json"),
    ),
    ("voices.json", include_str!("../bands/voices.json")),
    ("wide-band.json", include_str!("../bands/wide-band.json")),
];

/// The lowest and the highest values of several healthy runs of one configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Band {
    format_version: u32,
    /// Name of the preset.
    pub preset: String,
    /// What the runs were trained on, in words.
    pub data: String,
    /// Number of runs.
    pub num_runs: usize,
    /// Their configuration, without what may differ.
    configuration: serde_json::Map<String, Value>,
    /// Loss.
    pub loss: Range,
    /// Mean dev EER, 0 to 1.
    pub mean_eer: Range,
    /// Gradient norm before clipping.
    pub gradient_norm: Range,
    /// The terms of the loss.
    pub terms: Vec<TermRange>,
}

/// Where one term of a loss lies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TermRange {
    /// The term's name.
    pub name: String,
    /// What it is counted in.
    pub unit: String,
    /// Its lowest and highest values.
    pub range: Range,
}

/// Lowest and highest value at some steps, three lists of one length.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// Steps taken.
    pub steps: Vec<u64>,
    /// Lowest value of all runs around each of them.
    pub low: Vec<f64>,
    /// Highest value.
    pub high: Vec<f64>,
}

impl Band {
    /// The band of `runs`: their journals and their `config.toml`, which must agree in all but the seed and how often they were
    /// measured.
    ///
    /// # Errors
    /// [`ReportError::Invalid`] for fewer than two runs, or for runs of different configurations.
    pub fn of_runs(
        preset: &str,
        data: &str,
        runs: &[(Journal, toml::Table)],
    ) -> Result<Self, ReportError> {
        let invalid = |found: String, expected: &str| ReportError::Invalid {
            field: "runs",
            found,
            expected: expected.to_owned(),
        };
        let [(_, first), _, ..] = runs else {
            return Err(invalid(
                format!("{} run(s)", runs.len()),
                "two runs or more",
            ));
        };
        let configuration = bound_keys(first);
        if runs
            .iter()
            .any(|(_, other)| bound_keys(other) != configuration)
        {
            return Err(invalid(
                "of different configurations".to_owned(),
                "runs that differ in their seed alone",
            ));
        }
        let journals: Vec<&Journal> = runs.iter().map(|(journal, _)| journal).collect();
        let of_steps = |value: &dyn Fn(&StepSummary) -> Option<f64>| {
            let series = |journal: &&Journal| {
                let steps = journal.steps();
                steps.map(|line| (line.step, value(line))).collect()
            };
            Range::of(
                &journals.iter().map(series).collect::<Vec<_>>(),
                WINDOW_STEPS,
            )
        };
        let rates = |journal: &&Journal| {
            let evaluations = journal.evaluations();
            evaluations.map(|line| (line.step, line.mean_eer)).collect()
        };
        let terms = term_names(journals.iter().copied())
            .into_iter()
            .map(|(name, unit)| TermRange {
                range: of_steps(&|line| term_of(line, &name)),
                name,
                unit,
            });
        Ok(Self {
            format_version: FORMAT_VERSION,
            preset: preset.to_owned(),
            data: data.to_owned(),
            num_runs: runs.len(),
            configuration,
            loss: of_steps(&|line| Some(line.loss)),
            mean_eer: Range::of(&journals.iter().map(rates).collect::<Vec<_>>(), 0),
            gradient_norm: of_steps(&|line| line.gradient_norm),
            terms: terms.collect(),
        })
    }

    /// Reads a band.
    ///
    /// # Errors
    /// [`ReportError::Invalid`] where `text` is not a band of a known version.
    pub fn parse(text: &str) -> Result<Self, ReportError> {
        let invalid = |found: String| ReportError::Invalid {
            field: "band",
            found,
            expected: format!(
                "JSON of `format_version` {FORMAT_VERSION}, as `cargo xtask band` writes it"
            ),
        };
        let band: Self = serde_json::from_str(text).map_err(|error| invalid(error.to_string()))?;
        if band.format_version != FORMAT_VERSION {
            return Err(invalid(format!("of version {}", band.format_version)));
        }
        let of_run = [&band.loss, &band.mean_eer, &band.gradient_norm];
        let are_whole = of_run.into_iter().all(Range::is_whole)
            && band.terms.iter().all(|term| term.range.is_whole());
        match are_whole {
            true => Ok(band),
            false => Err(invalid("a band with lists of different lengths".to_owned())),
        }
    }

    /// The band among those that come with the program which belongs to runs of `configuration`, a `config.toml`.
    #[must_use]
    pub fn shipped(configuration: &toml::Table) -> Option<Self> {
        let bands = SHIPPED
            .iter()
            .filter_map(|(_, text)| Self::parse(text).ok());
        bands.into_iter().find(|band| band.fits(configuration))
    }

    /// Where the term of this name lies.
    pub(crate) fn term(&self, name: &str) -> Option<&Range> {
        let mut terms = self.terms.iter();
        terms.find(|term| term.name == name).map(|term| &term.range)
    }

    /// Whether `configuration` agrees with every key that the band knows.
    fn fits(&self, configuration: &toml::Table) -> bool {
        agrees(
            &Value::Object(self.configuration.clone()),
            &Value::Object(bound_keys(configuration)),
        )
    }

    /// The file's text.
    ///
    /// # Errors
    /// None in practice: all of it can be written as JSON.
    pub fn to_json(&self) -> Result<String, ReportError> {
        serde_json::to_string(self).map_err(|source| ReportError::Io {
            path: Path::new("band").to_owned(),
            source: source.into(),
        })
    }
}

/// Every key of `pattern` is in `value` with the same content.
fn agrees(pattern: &Value, value: &Value) -> bool {
    match (pattern, value) {
        (Value::Object(pattern), Value::Object(value)) => pattern
            .iter()
            .all(|(key, inner)| value.get(key).is_some_and(|found| agrees(inner, found))),
        _ => pattern == value,
    }
}

/// A configuration without what may differ.
fn bound_keys(configuration: &toml::Table) -> serde_json::Map<String, Value> {
    let mut keys = match serde_json::to_value(configuration) {
        Ok(Value::Object(keys)) => keys,
        _ => serde_json::Map::new(),
    };
    keys.retain(|key, _| !FREE_KEYS.contains(&key.as_str()));
    // Where the learning rate does not depend on it, a longer run begins as a shorter one does.
    if configuration
        .get("optimiser")
        .and_then(|optimiser| optimiser.get("schedule")?.get("decay")?.as_str())
        == Some("constant")
    {
        keys.remove("max_steps");
    }
    keys
}

/// A curve: a value, where it is known, for each step.
type Series = Vec<(u64, Option<f64>)>;

impl Range {
    /// The lowest and highest value of any of `curves` within `window` steps, at steps of the first one.
    fn of(curves: &[Series], window: u64) -> Self {
        let steps: Vec<u64> = curves
            .first()
            .into_iter()
            .flatten()
            .map(|&(step, _)| step)
            .collect();
        let stride = steps.len().div_ceil(MAX_POINTS).max(1);
        let mut range = Self::default();
        let last = steps.len().saturating_sub(1);
        for (_, step) in steps
            .into_iter()
            .enumerate()
            .filter(|(index, _)| index % stride == 0 || *index == last)
        {
            let near = |&&(other, _): &&(u64, Option<f64>)| other.abs_diff(step) <= window;
            let values = curves
                .iter()
                .flat_map(|curve| curve.iter().filter(near).filter_map(|&(_, value)| value))
                .filter(|value| value.is_finite());
            let (low, high) = values
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                    (low.min(value), high.max(value))
                });
            if low <= high {
                range.steps.push(step);
                range.low.push(rounded(low));
                range.high.push(rounded(high));
            }
        }
        range
    }

    fn is_whole(&self) -> bool {
        self.low.len() == self.steps.len() && self.high.len() == self.steps.len()
    }
}

/// Four decimals: more than a drawing shows.
fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

#[cfg(test)]
mod tests {
    use diagnosis::journal::{Event, Term};

    use super::*;

    /// A run with these losses, and a term that is twice as large.
    fn run(seed: i64, losses: &[f64]) -> (Journal, toml::Table) {
        let steps = (0..).zip(losses).map(|(index, &loss)| {
            Event::Steps(StepSummary {
                step: 100 * index,
                loss,
                terms: vec![Term {
                    name: "twice".to_owned(),
                    unit: "nats".to_owned(),
                    value: 2.0 * loss,
                }],
                ..StepSummary::default()
            })
        });
        let configuration = format!("seed = {seed}\n[loss]\nmargin = 3.0\n");
        let journal = Journal {
            events: steps.collect(),
            ..Journal::default()
        };
        (journal, configuration.parse().unwrap())
    }

    #[test]
    fn a_band_reaches_from_the_lowest_to_the_highest_run() {
        let runs = [run(1, &[3.0, 2.0]), run(2, &[2.5, 2.25])];
        let band = Band::of_runs("small", "tones", &runs).unwrap();
        assert_eq!(
            (band.loss.low.as_slice(), band.loss.high.as_slice()),
            (&[2.5, 2.0][..], &[3.0, 2.25][..])
        );
        let [term] = band.terms.as_slice() else {
            panic!("{:?}", band.terms)
        };
        assert_eq!((term.name.as_str(), term.unit.as_str()), ("twice", "nats"));
        assert_eq!(term.range.high, [6.0, 4.5]);
        assert_eq!(Band::parse(&band.to_json().unwrap()).unwrap(), band);
        // Another seed and a key that came later are the same preset, another margin is not.
        let fits = |text: &str| band.fits(&text.parse().unwrap());
        assert!(fits("seed = 9\nnews = 1\n[loss]\nmargin = 3.0\n"));
        assert!(!fits("seed = 1\n[loss]\nmargin = 2.0\n"));
    }

    #[test]
    fn a_longer_run_fits_where_the_learning_rate_is_constant() {
        let configuration = |max_steps: u32, decay: &str| -> toml::Table {
            let text =
                format!("max_steps = {max_steps}\n[optimiser.schedule]\ndecay = \"{decay}\"\n");
            text.parse().unwrap()
        };
        for (decay, expected) in [("constant", true), ("cosine", false)] {
            let runs = [1, 2].map(|_| (run(1, &[1.0, 2.0]).0, configuration(100, decay)));
            let band = Band::of_runs("a", "b", &runs).unwrap();
            assert_eq!(band.fits(&configuration(900, decay)), expected, "{decay}");
            assert!(band.fits(&configuration(100, decay)));
        }
    }

    #[test]
    fn one_run_or_unlike_runs_make_no_band() {
        let one = run(1, &[1.0]);
        assert!(Band::of_runs("a", "b", std::slice::from_ref(&one)).is_err());
        let other = (one.0.clone(), "[loss]\nmargin = 2.0\n".parse().unwrap());
        assert!(Band::of_runs("a", "b", &[one, other]).is_err());
    }

    #[test]
    fn the_shipped_bands_are_read() {
        for (name, text) in SHIPPED {
            Band::parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        assert!(Band::shipped(&toml::Table::new()).is_none());
    }
}
