//! The map of the recordings.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::mark::{Key, Look, Mark};
use super::{Figure, Table, marks, percent, short};
use crate::development::Development;
use crate::map::Map;

/// More speakers than this have no key: the tooltips name them.
const MAX_KEYS: usize = 24;

pub(crate) fn figure(map: &Map, development: &Development) -> Figure {
    let (names, of_utterance) = development.speakers();
    let mut by_speaker: BTreeMap<usize, Vec<Value>> = BTreeMap::new();
    for (&index, place) in map.utterances.iter().zip(&map.places) {
        let utterance = &development.utterances[index];
        by_speaker
            .entry(of_utterance[index])
            .or_default()
            .push(json!({
                "value": place.map(|coordinate| short(coordinate.into())),
                "tip": format!("{}\nspeaker {}", utterance.file, utterance.speaker),
            }));
    }
    let series = by_speaker
        .iter()
        .map(|(&speaker, data)| {
            let mark = Mark::of(speaker);
            json!({
                "type": "scatter", "name": names[speaker], "data": data, "color": mark.css(), "symbol": mark.symbol(), "symbolSize": 9,
                "itemStyle": {"borderColor": "var(--page)", "borderWidth": 0.75},
            })
        })
        .collect();
    let keys = by_speaker.keys().map(|&speaker| Key {
        label: names[speaker].to_owned(),
        look: Look::Mark(Mark::of(speaker)),
    });
    let rows = map
        .utterances
        .iter()
        .zip(&map.places)
        .map(|(&index, place)| {
            let utterance = &development.utterances[index];
            vec![
                utterance.file.clone(),
                utterance.speaker.clone(),
                format!("{:.1}", place[0]),
                format!("{:.1}", place[1]),
            ]
        });
    let bare = || json!({"type": "value", "scale": true, "axisLabel": {"show": false}, "splitLine": {"show": false}, "axisLine": {"show": false}, "axisTick": {"show": false}});
    Figure {
        id: "map".to_owned(),
        title: "Map of the development recordings".to_owned(),
        caption: format!(
            "Each mark is a recording ({} of {}), its colour and shape the speaker ({}; looks repeat after 64). Neighbours sound alike to the model; distances across the map and the axes mean nothing (t-SNE). {} of the recordings have a recording of the same speaker as their nearest neighbour.",
            map.utterances.len(),
            development.utterances.len(),
            by_speaker.len(),
            percent(map.neighbour_share)
        ),
        height: 520,
        option: marks(bare(), bare(), series),
        keys: if by_speaker.len() <= MAX_KEYS {
            keys.collect()
        } else {
            Vec::new()
        },
        table: Table::new(&["recording", "speaker", "x", "y"], rows),
    }
}
