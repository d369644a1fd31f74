//! How often likelihood ratios point the right way, and how often they mislead.

use serde_json::{Value, json};

use super::mark::{Key, Look, Mark};
use super::{Figure, Table, axis, percent, short};
use crate::calibration::Reliability;

/// The looks of the two kinds of lines in the key: in the colour of writing, which is that of no kind of its own.
pub(super) const SOLID: Look = Look::Line(Mark::of(6));
pub(super) const DASHED: Look = Look::Dashed(Mark::of(6));

pub(crate) fn figure(reliability: &Reliability) -> Figure {
    let tippett = &reliability.tippett;
    let neutral = tippett.neutral();
    let mut series = vec![json!({
        "type": "line", "name": "a ratio of 1", "color": "var(--faint)", "symbol": "none", "quiet": true, "silent": true,
        "lineStyle": {"width": 1, "type": "dotted"}, "data": [[0, 0], [0, 1]],
    })];
    let key = |label: &str, look| Key {
        label: label.to_owned(),
        look,
    };
    let mut keys = vec![
        key("same speaker", SOLID),
        key("different speakers", DASHED),
    ];
    let mut rows = Vec::new();
    for (index, (list, lines)) in reliability.lists.iter().zip(&tippett.lists).enumerate() {
        let mark = Mark::of(index);
        for (kind, shares, dash) in [
            ("same speaker", &lines.same, "solid"),
            ("different speakers", &lines.different, "dashed"),
        ] {
            let points = tippett.tens.iter().zip(shares).enumerate();
            let data: Vec<Value> = points
                .map(|(place, (&tens, &share))| {
                    marked(mark, place == neutral, [short(tens), short(share)])
                })
                .collect();
            series.push(line(&format!("{}, {kind}", list.name), mark, dash, &data));
        }
        keys.push(key(
            &format!(
                "{}: {} and {} mislead",
                list.name,
                percent(1.0 - lines.same[neutral]),
                percent(lines.different[neutral])
            ),
            Look::Mark(mark),
        ));
        let whole = (0..tippett.tens.len()).filter(|&place| is_whole(tippett.tens[place]));
        rows.extend(whole.map(|place| {
            vec![
                list.name.clone(),
                ratio(tippett.tens[place]),
                percent(lines.same[place]),
                percent(lines.different[place]),
            ]
        }));
    }
    let mut x = axis("likelihood ratio", "ratio");
    x["minInterval"] = json!(1);
    let ends = [tippett.tens.first(), tippett.tens.last()].map(|end| end.copied().unwrap_or(0.0));
    x["min"] = short(ends[0].floor().min(-1.0));
    x["max"] = short(ends[1].ceil().max(1.0));
    Figure {
        id: "tippett".to_owned(),
        title: "How strong the evidence is, and how often it misleads (Tippett plot)".to_owned(),
        caption: "How many trials have a likelihood ratio at or above the value on the scale, which goes by powers of ten. Solid lines are trials of one speaker and should stay high until far to the right, dashed ones are of different speakers and should fall far to the left. At 1, where each list has its marks, a ratio speaks for neither: what the solid line has lost there, and what the dashed one has kept, is evidence that misleads, the two shares beside each list's name. Further out it misleads more strongly, and should do so more rarely: at most one trial in 100 of different speakers may have a ratio of 100 or more. The ratios are those of the map above.".to_owned(),
        height: 380,
        option: json!({
            "xAxis": x, "yAxis": axis("share of trials", "percent"), "series": series,
            "tooltip": {"trigger": "axis", "format": "percent"},
        }),
        keys,
        table: Table::new(
            &[
                "list",
                "ratio",
                "same speaker, at or above it",
                "different speakers, at or above it",
            ],
            rows,
        ),
    }
}

/// A line without marks but those of [`marked`] points.
pub(super) fn line(name: &str, mark: Mark, dash: &str, data: &[Value]) -> Value {
    json!({
        "type": "line", "name": name, "data": data, "color": mark.css(), "symbol": "none",
        "lineStyle": {"width": 2, "type": dash},
    })
}

/// A point, with the mark of its list where that is to be seen.
pub(super) fn marked(mark: Mark, is_marked: bool, point: [Value; 2]) -> Value {
    match is_marked {
        true => json!({"value": point, "symbol": mark.symbol(), "symbolSize": 9}),
        false => json!(point),
    }
}

fn is_whole(tens: f64) -> bool {
    (tens - tens.round()).abs() < 1e-9
}

/// A whole power of ten as one says it: `1/100`, `1`, `1000`.
fn ratio(tens: f64) -> String {
    let power = format!("1{}", "0".repeat(tens.round().abs() as usize));
    match tens < -0.5 {
        true => format!("1/{power}"),
        false => power,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_ten_are_written_out() {
        assert_eq!([-2.0, 0.0, 3.0].map(ratio), ["1/100", "1", "1000"]);
    }
}
