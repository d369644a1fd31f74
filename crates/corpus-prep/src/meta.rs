//! `vox1_meta.csv` and `vox2_meta.csv`, in all the forms that circulate.
//!
//! Vox1's is separated by tabs despite its name, Vox2's by commas with blanks before them, a byte order mark and
//! CRLF; copies were saved again with commas, quotes or a leading column `Name`. Columns are known by their names.

use std::collections::HashMap;
use std::path::Path;

use crate::error::PrepError;

/// Larger tables are not ours: the largest edition has 254,277 bytes.
const MOST_BYTES: u64 = 16 << 20;

/// What a table says of a speaker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SpeakerMeta {
    /// `f` or `m`.
    pub(crate) gender: Option<&'static str>,
    pub(crate) nationality: Option<String>,
    /// Whether the speaker is of the test set.
    pub(crate) is_test: Option<bool>,
}

/// Reads a table into speakers by id.
pub(crate) fn read(path: &Path) -> Result<HashMap<String, SpeakerMeta>, PrepError> {
    let size = std::fs::metadata(path).map_err(PrepError::io("open", path))?;
    let table_error = |line, found: String, expected| PrepError::Table {
        path: path.to_owned(),
        line,
        found,
        expected,
    };
    if size.len() > MOST_BYTES {
        return Err(table_error(
            1,
            format!("{} bytes", size.len()),
            "a table of speakers",
        ));
    }
    let bytes = std::fs::read(path).map_err(PrepError::io("read", path))?;
    let text = String::from_utf8_lossy(&bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let header = text.lines().next().unwrap_or("");
    let separator = if header.contains('\t') { b'\t' } else { b',' };
    let mut rows = csv::ReaderBuilder::new()
        .delimiter(separator)
        .trim(csv::Trim::All)
        .flexible(true)
        .from_reader(text.as_bytes());
    let header = rows
        .headers()
        .map_err(|error| table_error(1, error.to_string(), "a header"))?
        .clone();
    let column = |wanted: &dyn Fn(&str) -> bool| {
        header
            .iter()
            .position(|name| wanted(&name.to_ascii_lowercase()))
    };
    let id = column(&|name| name.starts_with("voxceleb") && name.contains("id"));
    let Some(id) = id else {
        return Err(table_error(
            1,
            format!("the columns {:?}", header.iter().collect::<Vec<_>>()),
            "one called `VoxCeleb1 ID` or `VoxCeleb2 ID`",
        ));
    };
    let gender = column(&|name| name == "gender");
    let nationality = column(&|name| name == "nationality");
    let set = column(&|name| name == "set");
    let mut speakers = HashMap::new();
    for row in rows.records() {
        let row = row.map_err(|error| {
            let line = error.position().map_or(0, csv::Position::line);
            table_error(line, error.to_string(), "a row of a speaker")
        })?;
        let field = |column: Option<usize>| column.and_then(|at| row.get(at)).unwrap_or("");
        let speaker = field(Some(id));
        if speaker.is_empty() {
            continue;
        }
        let nationality = field(nationality);
        let meta = SpeakerMeta {
            gender: match field(gender) {
                "f" | "F" => Some("f"),
                "m" | "M" => Some("m"),
                _ => None,
            },
            nationality: (!nationality.is_empty()).then(|| nationality.to_owned()),
            is_test: match field(set) {
                "test" => Some(true),
                "dev" => Some(false),
                _ => None,
            },
        };
        speakers.insert(speaker.to_owned(), meta);
    }
    Ok(speakers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speakers(text: &str) -> HashMap<String, SpeakerMeta> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        read(file.path()).unwrap()
    }

    #[test]
    fn all_editions_say_the_same() {
        let expected = |nationality: Option<&str>| SpeakerMeta {
            gender: Some("m"),
            nationality: nationality.map(str::to_owned),
            is_test: Some(false),
        };
        let tabs = "VoxCeleb1 ID\tVGGFace1 ID\tGender\tNationality\tSet\nid10001\tA.J._Buckley\tm\tIreland\tdev\n";
        assert_eq!(speakers(tabs)["id10001"], expected(Some("Ireland")));
        let commas = "\"VoxCeleb1 ID\",\"VGGFace1 ID\",\"Gender\",\"Nationality\",\"Set\"\r\n\"id10001\",\"A.J._Buckley\",\"m\",\"Ireland\",\"dev\"";
        assert_eq!(speakers(commas)["id10001"], expected(Some("Ireland")));
        let blanks = "\u{feff}VoxCeleb2 ID ,VGGFace2 ID ,Gender ,Set \r\nid00012 ,n000012 ,m ,dev ";
        assert_eq!(speakers(blanks)["id00012"], expected(None));
        let named =
            "Name\tVoxCeleb2 ID\tVGGFace2 ID\tGender\tSet \nA B\tid00012\tn000012\tm\tdev  \n";
        assert_eq!(speakers(named)["id00012"], expected(None));
    }

    #[test]
    fn another_table_is_refused_with_its_columns() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "path,speaker\na,b\n").unwrap();
        let message = read(file.path()).unwrap_err().to_string();
        assert!(
            message.contains("\"path\"") && message.contains("line 1"),
            "{message}"
        );
    }
}
