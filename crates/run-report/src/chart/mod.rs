//! Figures: what Apache ECharts is told to draw, the key beside it and the numbers under it.

pub(crate) mod bayes_error;
pub(crate) mod calibration;
pub(crate) mod clusters;
pub(crate) mod curves;
pub(crate) mod line;
pub(crate) mod map;
pub(crate) mod mark;
pub(crate) mod scores;
pub(crate) mod tippett;
pub(crate) mod zoo;

use serde_json::{Value, json};
use speaker_eval::Interval;

use mark::Key;

/// One figure of the page.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    /// Unique in the page; letters, digits and hyphens.
    pub(crate) id: String,
    pub(crate) title: String,
    /// What one sees, and how to read it.
    pub(crate) caption: String,
    /// Height on the screen, in px.
    pub(crate) height: usize,
    /// For ECharts; `report.js` says what it adds.
    pub(crate) option: Value,
    pub(crate) keys: Vec<Key>,
    pub(crate) table: Table,
}

/// The numbers of a figure.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    pub(crate) head: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> Self {
        Self {
            head: head.iter().map(|&cell| cell.to_owned()).collect(),
            rows: rows.into_iter().collect(),
        }
    }
}

/// An axis of numbers with its name; `format` is one of those of `report.js`.
pub(crate) fn axis(name: &str, format: &str) -> Value {
    json!({"type": "value", "name": name, "format": format, "scale": true})
}

/// The axes and series of a figure whose tooltips belong to single marks.
pub(crate) fn marks(x: Value, y: Value, series: Vec<Value>) -> Value {
    json!({"xAxis": x, "yAxis": y, "series": series, "tooltip": {"trigger": "item"}})
}

/// `0.1234` as `12.3 %`.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// Two shares as `12.3 to 14.5 %`.
pub(crate) fn percents(interval: Interval) -> String {
    let [low, high] = [interval.low, interval.high].map(|share| 100.0 * share);
    format!("{low:.1} to {high:.1} %")
}

/// A number where there is one.
pub(crate) fn number(value: Option<f64>) -> String {
    match value {
        None => "–".to_owned(),
        Some(value) if value != 0.0 && value.abs() < 0.001 => format!("{value:.2e}"),
        Some(value) if value.abs() < 1.0 => format!("{value:.4}"),
        Some(value) => format!("{value:.2}"),
    }
}

/// For JSON: six digits are more than a drawing shows and a third of the bytes.
pub(crate) fn short(value: f64) -> Value {
    match value.is_finite() {
        true => format!("{value:.5e}")
            .parse::<f64>()
            .map_or(Value::Null, Value::from),
        false => Value::Null,
    }
}
