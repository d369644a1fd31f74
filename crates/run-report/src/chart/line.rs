//! Lines over training steps, with a band behind them.

use serde_json::{Value, json};

use super::mark::{Key, Look, Mark};
use super::{Table, axis, number, short};
use crate::band::Range;

/// Points of a drawn line at most.
const MAX_POINTS: usize = 600;

/// Rows of a table under lines at most.
const MAX_ROWS: usize = 60;

/// One line.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) mark: Mark,
    pub(crate) is_dashed: bool,
    /// Whether each point is marked, as where there are few.
    pub(crate) has_marks: bool,
    /// (step, value).
    pub(crate) points: Vec<(u64, Option<f64>)>,
}

impl Line {
    /// A plain line in the `index`-th look.
    pub(crate) fn new(name: &str, index: usize, points: Vec<(u64, Option<f64>)>) -> Self {
        Self {
            name: name.to_owned(),
            mark: Mark::of(index),
            is_dashed: false,
            has_marks: points.len() <= 40,
            points,
        }
    }

    pub(crate) fn dashed(self) -> Self {
        Self {
            is_dashed: true,
            has_marks: false,
            ..self
        }
    }

    /// Whether there is anything to draw.
    pub(crate) fn is_empty(&self) -> bool {
        self.points
            .iter()
            .all(|(_, value)| value.is_none_or(|value| !value.is_finite()))
    }

    fn key(&self) -> Key {
        Key {
            label: self.name.clone(),
            look: match self.is_dashed {
                true => Look::Dashed(self.mark),
                false => Look::Line(self.mark),
            },
        }
    }

    fn series(&self) -> Value {
        let stride = self.points.len().div_ceil(MAX_POINTS).max(1);
        let data: Vec<Value> = every(&self.points, stride)
            .map(|(step, value)| json!([step, value.map(short)]))
            .collect();
        json!({
            "type": "line", "name": self.name, "data": data, "color": self.mark.css(),
            "showSymbol": self.has_marks, "symbol": self.mark.symbol(), "symbolSize": 7,
            "lineStyle": {"width": 2, "type": if self.is_dashed { "dashed" } else { "solid" }},
        })
    }
}

/// Every `stride`-th point, and the last.
fn every<T>(points: &[T], stride: usize) -> impl Iterator<Item = &T> {
    let last = points.len().saturating_sub(1);
    points
        .iter()
        .enumerate()
        .filter(move |(index, _)| index % stride == 0 || *index == last)
        .map(|(_, point)| point)
}

/// What ECharts is told to draw: `lines` over steps, before the range of healthy runs.
pub(crate) fn option(lines: &[Line], range: Option<&Range>, y_name: &str, format: &str) -> Value {
    let mut series = range.map_or_else(Vec::new, band_series);
    series.extend(lines.iter().map(Line::series));
    json!({
        "xAxis": axis("step", "count"), "yAxis": axis(y_name, format), "series": series,
        "tooltip": {"trigger": "axis", "format": format},
    })
}

/// The area between two lines is the difference, stacked on the lower one.
fn band_series(range: &Range) -> Vec<Value> {
    let zip = |value: &dyn Fn(usize) -> f64| -> Vec<Value> {
        range
            .steps
            .iter()
            .enumerate()
            .map(|(index, step)| json!([step, short(value(index))]))
            .collect()
    };
    let series = |data: Vec<Value>, area: Value| {
        json!({
            "type": "line", "data": data, "stack": "band", "stackStrategy": "all", "symbol": "none", "quiet": true, "silent": true,
            "color": "var(--band)", "lineStyle": {"opacity": 0}, "areaStyle": area,
        })
    };
    vec![
        series(zip(&|index| range.low[index]), Value::Null),
        series(
            zip(&|index| range.high[index] - range.low[index]),
            json!({"color": "var(--band)", "opacity": 1}),
        ),
    ]
}

/// The key of `lines`, and of the band where there is one.
pub(crate) fn keys(lines: &[Line], band: Option<&str>) -> Vec<Key> {
    let area = band.map(|label| Key {
        label: label.to_owned(),
        look: Look::Area,
    });
    lines.iter().map(Line::key).chain(area).collect()
}

/// The numbers of `lines` by step, thinned to what one reads.
pub(crate) fn table(lines: &[Line], show: fn(f64) -> String) -> Table {
    let mut steps: Vec<u64> = lines
        .iter()
        .flat_map(|line| line.points.iter().map(|&(step, _)| step))
        .collect();
    steps.sort_unstable();
    steps.dedup();
    let stride = steps.len().div_ceil(MAX_ROWS).max(1);
    let mut table = Table::new(&["step"], []);
    table
        .head
        .extend(lines.iter().map(|line| line.name.clone()));
    table.rows = every(&steps, stride)
        .map(|step| {
            let value = |line: &Line| {
                let place = line
                    .points
                    .binary_search_by_key(step, |&(step, _)| step)
                    .ok()?;
                line.points[place].1
            };
            let cells = lines
                .iter()
                .map(|line| value(line).map_or_else(|| number(None), show));
            std::iter::once(step.to_string()).chain(cells).collect()
        })
        .collect();
    table
}
