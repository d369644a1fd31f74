//! The Parquet files of `siamang embed`, read by DuckDB and Polars.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot prepare its data has failed"
)]

use end_to_end::{Place, write_corpus};

#[test]
fn duckdb_and_polars_read_the_same_rows_from_parts_of_embeddings() {
    let Some(mut python) = testing::python("duckdb, polars") else {
        return;
    };
    let place = Place::new();
    write_corpus(&place.path("corpus"), 4, 3);
    for part in 1..=2 {
        let run = place.run(&format!(
            "embed corpus --model model --shard {part}/2 --out {part}.parquet"
        ));
        assert_eq!(run.code, Some(0), "{run:#?}");
    }
    let output = python
        .arg(testing::repository().join("tests/parquet_readers.py"))
        .arg(place.path("*.parquet"))
        .output()
        .unwrap();
    let found = String::from_utf8_lossy(&output.stdout);
    assert!(found.contains(": 12 rows of 32, equal"), "{output:#?}");
}
