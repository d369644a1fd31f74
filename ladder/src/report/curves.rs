//! The curves, as SVG files beside the document.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;

use super::runs::Runs;
use crate::record::Record;
use crate::rung::ladder;

/// Colours that the colour-blind can tell apart (Okabe & Ito 2008).
const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
];

const SIZE: (u32, u32) = (720, 380);

/// Points of a line at most, so that files stay small.
const MOST_POINTS: usize = 150;

/// One line: its label, and its points (step, value).
struct Line(String, Vec<(f64, f64)>);

/// Writes a figure: `lines` over the steps, with dotted lines at `marks`.
fn figure(path: &Path, what: &str, lines: &[Line], marks: &[f64], logarithmic: bool) -> Result<()> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        draw(&area, what, lines, marks, logarithmic).map_err(|error| anyhow!("{error}"))?;
    }
    std::fs::write(path, svg).with_context(|| format!("cannot write {}", path.display()))
}

fn draw(
    area: &DrawingArea<SVGBackend<'_>, Shift>,
    what: &str,
    lines: &[Line],
    marks: &[f64],
    logarithmic: bool,
) -> Result<(), Box<dyn std::error::Error>> {
    area.fill(&WHITE)?;
    let points = || lines.iter().flat_map(|line| line.1.iter().copied());
    let last = points().map(|point| point.0).fold(2.0, f64::max);
    let shown = |value: f64| {
        if logarithmic {
            value.max(1e-3).log10()
        } else {
            value
        }
    };
    let (low, high) = points()
        .map(|point| shown(point.1))
        .fold((0.0_f64, 0.1_f64), |(low, high), v| {
            (low.min(v), high.max(v))
        });
    // The step is on a logarithmic axis too: what happens to the failing version happens at once.
    let mut chart = ChartBuilder::on(area)
        .margin(8)
        .x_label_area_size(36)
        .y_label_area_size(54)
        .build_cartesian_2d((1.0..last).log_scale(), low..high * 1.05)?;
    let label = |value: &f64| match logarithmic {
        true => format!("{:.2}", 10.0_f64.powf(*value)),
        false => format!("{}", (value * 1000.0).round() / 1000.0),
    };
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(RGBColor(225, 225, 225))
        .x_desc("step")
        .y_desc(what)
        .y_label_formatter(&label)
        .x_label_formatter(&|step| format!("{step:.0}"))
        .label_style(("sans-serif", 13))
        .draw()?;
    for &mark in marks {
        let line = [(1.0, shown(mark)), (last, shown(mark))];
        chart.draw_series(DashedLineSeries::new(line, 4, 4, BLACK.mix(0.6).into()))?;
    }
    for (Line(name, points), colour) in lines.iter().zip(COLOURS.iter().cycle()) {
        let style = colour.stroke_width(2);
        let points = points.iter().map(|&(step, value)| (step, shown(value)));
        chart
            .draw_series(LineSeries::new(points, style))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], style));
    }
    chart
        .configure_series_labels()
        .position(match what {
            // Where no line is.
            "\"accuracy\"" => SeriesLabelPosition::LowerRight,
            "loss / plateau" => SeriesLabelPosition::MiddleRight,
            _ => SeriesLabelPosition::UpperRight,
        })
        .background_style(WHITE.mix(0.85))
        .border_style(RGBColor(200, 200, 200))
        .label_font(("sans-serif", 13))
        .draw()?;
    area.present()?;
    Ok(())
}

/// Values by step, thinned to steps that are about evenly spread on a logarithmic axis.
fn thinned(values: impl Iterator<Item = f64>) -> Vec<(f64, f64)> {
    let mut next = 1.0_f64;
    let mut kept = Vec::new();
    for (index, value) in values.enumerate() {
        let step = (index + 1) as f64;
        if step >= next && value.is_finite() {
            kept.push((step, value));
            next = (step + 1.0).max(step * 10.0_f64.powf(3.2 / MOST_POINTS as f64));
        }
    }
    kept
}

/// Means over the last few steps, so that a line can be followed.
fn smooth(values: Vec<f64>, width: usize) -> impl Iterator<Item = f64> {
    (0..values.len()).map(move |index| {
        let first = (index + 1).saturating_sub(width);
        crate::evaluate::mean(values[first..=index].iter().copied())
    })
}

fn losses(record: &Record) -> Vec<f64> {
    record.run.trace.iter().map(|point| point.loss).collect()
}

/// Writes every curve that there are runs for, and gives the names of the files with what they show.
pub(super) fn write(runs: &Runs, folder: &Path) -> Result<Vec<(&'static str, &'static str)>> {
    let mut written = Vec::new();
    let mut add = |name: &'static str,
                   caption: &'static str,
                   what: &str,
                   lines: Vec<Line>,
                   marks: &[f64],
                   logarithmic: bool|
     -> Result<()> {
        if !lines.is_empty() {
            figure(&folder.join(name), what, &lines, marks, logarithmic)?;
            written.push((name, caption));
        }
        Ok(())
    };
    let of = |names: &[&str], figure: &dyn Fn(&Record) -> Vec<f64>, width: usize| -> Vec<Line> {
        let title = |name: &str| {
            let rungs = ladder().into_iter();
            rungs
                .filter(|rung| rung.name == name)
                .map(|rung| rung.title.to_owned())
                .next()
        };
        names
            .iter()
            .filter_map(|name| Some((title(name)?, runs.first(name)?)))
            .map(|(title, record)| Line(title, thinned(smooth(figure(record), width))))
            .collect()
    };
    add(
        "loss-failing.svg",
        "Loss of the rungs with margin 1 and one direction (seed 1, steps 1 to the last, both axes logarithmic); dotted: 0.5, \
         half the margin.",
        "loss",
        of(
            &["question", "question-slow", "kept", "rate", "softmax"],
            &losses,
            1,
        ),
        &[0.5],
        true,
    )?;
    add(
        "accuracy.svg",
        "\"Accuracy\" as the question measures it (seed 1, mean of 5 steps); dotted: 0.5. It falls on the rungs \
         that learn.",
        "\"accuracy\"",
        of(
            &[
                "question",
                "question-slow",
                "kept",
                "rate",
                "softmax",
                "crops",
            ],
            &|record| record.accuracy.clone(),
            5,
        ),
        &[0.5],
        false,
    )?;
    let relative = |record: &Record| -> Vec<f64> {
        let trace = record.run.trace.iter();
        trace
            .map(|point| point.loss / point.when_alike.unwrap_or(f64::NAN))
            .collect()
    };
    add(
        "loss-mended.svg",
        "Loss as a share of what it is while all outputs are alike (seed 1, mean of 10 steps).",
        "loss / plateau",
        of(
            &["softmax", "both", "margin", "crops", "all-pairs", "pk"],
            &relative,
            10,
        ),
        &[1.0],
        false,
    )?;
    let mut parts = Vec::new();
    if let Some(record) = runs.first("pk") {
        let part = |pick: fn(&diagnosis::journal::StepSummary) -> Option<f64>| -> Vec<f64> {
            record
                .run
                .trace
                .iter()
                .map(|point| pick(point).unwrap_or(f64::NAN))
                .collect()
        };
        for (name, values) in [
            ("same speaker", part(|point| point.same_distance())),
            (
                "different speakers",
                part(|point| point.different_distance()),
            ),
            ("loss", part(|point| Some(point.loss))),
        ] {
            parts.push(Line(name.to_owned(), thinned(smooth(values, 10))));
        }
    }
    add(
        "parts.svg",
        "P × K batches: mean divergence of same- and of different-speaker pairs and the loss (seed 1, mean of 10 steps); \
         dotted: the margin.",
        "nats",
        parts,
        &[3.0],
        false,
    )?;
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinning_keeps_the_first_steps_and_few_of_the_rest() {
        let points = thinned((0..1500).map(f64::from));
        assert_eq!(&points[..3], [(1.0, 0.0), (2.0, 1.0), (3.0, 2.0)]);
        assert!(points.len() <= MOST_POINTS, "{}", points.len());
    }

    #[test]
    fn a_figure_has_a_line_for_each_run() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("figure.svg");
        let line = |name: &str| Line(name.to_owned(), vec![(1.0, 0.3), (10.0, 0.5)]);
        figure(&path, "loss", &[line("one"), line("two")], &[0.5], false).unwrap();
        let svg = std::fs::read_to_string(&path).unwrap();
        assert!(
            svg.contains("one") && svg.contains("two") && svg.matches("<polyline").count() >= 2
        );
    }
}
