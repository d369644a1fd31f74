//! Hard speakers and those taken for others.

use serde_json::{Value, json};

use super::mark::{Key, Look, Mark};
use super::{Figure, Table, axis, marks, percent, short};
use crate::zoo::SpeakerErrors;

/// Speakers with at least this share of errors stand out.
const MANY: f64 = 0.3;

/// Nothing unusual, goats, wolves, both.
const LOOKS: [(&str, usize); 4] = [
    ("other speakers", 4),
    ("goat: missed in 30 % or more", 1),
    ("wolf: taken for others in 30 % or more", 2),
    ("both", 5),
];

pub(crate) fn figure(speakers: &[SpeakerErrors]) -> Option<Figure> {
    let mut data: [Vec<Value>; 4] = Default::default();
    for one in speakers {
        let (Some(miss), Some(taken)) = (one.miss_rate(), one.taken_rate()) else {
            continue;
        };
        let kind = usize::from(miss >= MANY) + 2 * usize::from(taken >= MANY);
        let whom = one
            .most_taken_for
            .as_ref()
            .map_or(String::new(), |(other, count)| {
                format!("\nmost often for {other} ({count})")
            });
        data[kind].push(json!({
            "value": [short(taken), short(miss)],
            "tip": format!(
                "{}\nmissed in {} of {} trials ({})\ntaken for another in {} of {} ({}){whom}",
                one.speaker, one.num_missed, one.num_same, percent(miss), one.num_taken, one.num_different, percent(taken)
            ),
        }));
    }
    if data.iter().all(Vec::is_empty) {
        return None;
    }
    let keys = LOOKS
        .iter()
        .zip(&data)
        .filter(|(_, data)| !data.is_empty())
        .map(|((label, index), _)| Key {
            label: (*label).to_owned(),
            look: Look::Mark(Mark::of(*index)),
        });
    let keys = keys.collect();
    let series = LOOKS.iter().zip(data).filter(|(_, data)| !data.is_empty()).map(|((label, index), data)| {
        let mark = Mark::of(*index);
        json!({
            "type": "scatter", "name": label, "data": data, "color": mark.css(), "symbol": mark.symbol(), "symbolSize": 10,
            "itemStyle": {"borderColor": "var(--page)", "borderWidth": 0.75},
        })
    });
    let mut sorted: Vec<&SpeakerErrors> = speakers.iter().collect();
    let worst =
        |one: &SpeakerErrors| one.miss_rate().unwrap_or(0.0) + one.taken_rate().unwrap_or(0.0);
    sorted.sort_by(|a, b| worst(b).total_cmp(&worst(a)));
    Some(Figure {
        id: "zoo".to_owned(),
        title: "Goats and wolves".to_owned(),
        caption: "Each mark is a speaker: how often its own trials are missed, and how often it is taken for another, at the threshold of equal error rates. Goats are hard to recognise, wolves are taken for others.".to_owned(),
        height: 380,
        option: marks(axis("taken for another", "percent"), axis("missed", "percent"), series.collect()),
        keys,
        table: Table::new(
            &["speaker", "missed", "of", "taken for another", "of", "most often for"],
            sorted.into_iter().map(|one| {
                let whom = one.most_taken_for.as_ref().map_or_else(|| "–".to_owned(), |(other, count)| format!("{other} ({count})"));
                let counts = [one.num_missed, one.num_same, one.num_taken, one.num_different].map(|count| count.to_string());
                let [missed, same, taken, different] = counts;
                vec![one.speaker.clone(), missed, same, taken, different, whom]
            }),
        ),
    })
}
