//! `docs/diagnosis.md` lists every name, in the order of a report.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot prepare its data has failed"
)]

use std::path::Path;

use diagnosis::Name;

#[test]
fn the_table_of_names_is_the_enum() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/diagnosis.md");
    let text = std::fs::read_to_string(path).unwrap();
    let listed: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    let names: Vec<&str> = Name::ALL.iter().map(|name| name.as_str()).collect();
    assert_eq!(listed, names);
}

#[test]
fn json_has_the_same_names() {
    for name in Name::ALL {
        assert_eq!(serde_json::to_value(name).unwrap(), name.as_str());
        assert_eq!(name.to_string(), name.as_str());
    }
}
