//! What other programs call the columns, keys and arrays of embeddings.

/// Names of recordings.
const IDS: [&str; 19] = [
    "id",
    "ids",
    "utt",
    "utt_id",
    "utts",
    "utterance",
    "utterance_id",
    "uttid",
    "key",
    "keys",
    "name",
    "names",
    "recording",
    "path",
    "paths",
    "file",
    "filename",
    "audio_filepath",
    "wav",
];

/// Who speaks.
const SPEAKERS: [&str; 7] = [
    "speaker",
    "speakers",
    "speaker_id",
    "spk",
    "spk_id",
    "spkid",
    "label",
];

/// The vectors.
const EMBEDDINGS: [&str; 14] = [
    "embedding",
    "embeddings",
    "emb",
    "embs",
    "vector",
    "vectors",
    "xvector",
    "x-vector",
    "xvectors",
    "ivector",
    "d-vector",
    "dvector",
    "features",
    "x",
];

/// Which of `names` names recordings, by the usual names; the earlier a name stands among these, the better.
pub(crate) fn id_of<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    best(names, &IDS)
}

/// Which of `names` says who speaks.
pub(crate) fn speaker_of<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    best(names, &SPEAKERS)
}

/// Which of `names` has the vectors.
pub(crate) fn embedding_of<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    best(names, &EMBEDDINGS)
}

fn best<'a>(names: impl IntoIterator<Item = &'a str>, known: &[&str]) -> Option<&'a str> {
    let place = |name: &str| {
        let mut known = known.iter();
        known.position(|known| known.eq_ignore_ascii_case(name))
    };
    names
        .into_iter()
        .filter_map(|name| Some((place(name)?, name)))
        .min()
        .map(|(_, name)| name)
}

/// Names for a message.
pub(crate) fn quoted<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    let shown = names.iter().take(12).map(|name| format!("`{name}`"));
    let more = match names.len().saturating_sub(12) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", shown.collect::<Vec<_>>().join(", "))
}

/// Columns of one value each, such as `e0` to `e191`, in the order of their numbers: the largest group whose names differ by
/// a number alone. Tells which number is missing where one is.
pub(crate) fn numbered<'a>(names: &[&'a str]) -> Result<Vec<&'a str>, String> {
    let mut groups: std::collections::BTreeMap<&str, Vec<(u64, &str)>> = Default::default();
    for name in names {
        let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
        if let Ok(number) = name[stem.len()..].parse() {
            groups.entry(stem).or_default().push((number, name));
        }
    }
    let Some((stem, mut columns)) = groups.into_iter().max_by_key(|(_, columns)| columns.len())
    else {
        return Ok(Vec::new());
    };
    columns.sort_unstable();
    let first = columns[0].0;
    for ((number, _), expected) in columns.iter().zip(first..) {
        if *number != expected || first > 1 {
            let missing = if first > 1 { 0 } else { expected };
            return Err(format!(
                "its columns `{}` to `{}` lack `{stem}{missing}`",
                columns[0].1,
                columns[columns.len() - 1].1
            ));
        }
    }
    Ok(columns.into_iter().map(|(_, name)| name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_names_are_known_and_the_usual_is_the_best() {
        assert_eq!(id_of(["path", "ID", "x"]), Some("ID"));
        assert_eq!(embedding_of(["x", "Embedding"]), Some("Embedding"));
        assert_eq!(speaker_of(["id"]), None);
    }

    #[test]
    fn numbered_columns_come_in_the_order_of_their_numbers() {
        assert_eq!(
            numbered(&[
                "e10", "id", "e2", "e1", "e3", "e4", "e5", "e6", "e7", "e8", "e9"
            ])
            .unwrap()[9],
            "e10"
        );
        assert_eq!(numbered(&["1", "0", "s3"]).unwrap(), ["0", "1"]);
        assert_eq!(numbered(&["id"]).unwrap(), [""; 0]);
        assert!(numbered(&["e0", "e2"]).unwrap_err().contains("lack `e1`"));
        assert!(numbered(&["e2", "e3"]).unwrap_err().contains("lack `e0`"));
    }
}
