//! Files of embeddings that NumPy, pandas, Polars, pyarrow, fastparquet and kaldiio wrote (`golden/embeddings/make_embeddings.py`).
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot prepare its data has failed"
)]

use std::path::PathBuf;

use siamang::{EmbeddingSet, read_embeddings, read_embeddings_of};

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden/embeddings")
        .join(name)
}

/// As the script makes them.
fn expected() -> (Vec<String>, Vec<f32>) {
    let ids = (0..6).map(|row| format!("s{}/u{}.wav", row / 2, row % 2));
    let values = (0..24).map(|at| ((7 * (at / 4) + 3 * (at % 4)) % 11) as f32 * 0.25 - 1.25);
    (ids.collect(), values.collect())
}

fn check(name: &str, set: &EmbeddingSet) {
    let (ids, values) = expected();
    assert_eq!(set.ids, ids, "{name}");
    assert_eq!(set.matrix.as_flat(), values, "{name}");
    assert_eq!(set.matrix.dim(), 4, "{name}");
}

#[test]
fn files_of_other_libraries_are_read_to_the_same_matrix() {
    let double = "float64, read as 32-bit floats";
    for (name, remarks) in [
        ("f64.npy", &[double][..]),
        ("f16.npy", &["float16, read as 32-bit floats"]),
        ("big.npy", &["big-endian"]),
        ("fortran.npy", &["Fortran order"]),
        (
            "fortran_big64.npy",
            &[
                "float64, read as 32-bit floats, its bytes are in big-endian order, its values are in Fortran order",
            ],
        ),
        ("speechbrain.npy", &[]),
        ("named.npz", &["its array `embeddings`", double]),
        ("bytes.npz", &["its array `x`", "float16"]),
        ("one_each.npz", &[]),
        ("pandas_zstd.parquet", &[double]),
        ("pandas_gzip.parquet", &[double]),
        ("pandas_lz4.parquet", &[double]),
        ("pandas_brotli.parquet", &[double]),
        ("pandas_snappy.parquet", &[double]),
        ("pandas_index.parquet", &[double]),
        (
            "pandas_flat.parquet",
            &[double, "columns `e0` to `e3`", "names are its column `utt`"],
        ),
        (
            "fastparquet_flat.parquet",
            &[double, "columns `e0` to `e3`"],
        ),
        (
            "pandas_plain.parquet",
            &["columns `0` to `3`", "`__index_level_0__`"],
        ),
        (
            "polars.parquet",
            &[double, "column `vector`", "column `path`"],
        ),
        ("polars_array.parquet", &["column `vector`"]),
        (
            "polars_struct.parquet",
            &[double, "column `result`", "column `key`"],
        ),
        ("pyarrow_f16.parquet", &["float16"]),
        ("pyarrow_large.parquet", &[double]),
        ("others.jsonl", &[]),
        ("dictionary.json", &[]),
        ("float.ark", &[]),
        ("float.scp", &[]),
        ("double.ark", &[double]),
        ("text.ark", &[]),
    ] {
        let set = read_embeddings(&golden(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        check(name, &set);
        let said = set.remarks.join("; ");
        for remark in remarks {
            assert!(said.contains(remark), "{name}: {said}");
        }
        assert_eq!(said.is_empty(), remarks.is_empty(), "{name}: {said}");
        assert!(set.unusable.is_empty(), "{name}");
    }
    let speakers = |name: &str| read_embeddings(&golden(name)).unwrap().speakers[2].clone();
    for name in ["named.npz", "others.jsonl", "pandas_index.parquet"] {
        assert_eq!(speakers(name).as_deref(), Some("s1"), "{name}");
    }
}

/// A file says by its first bytes what it is.
#[test]
fn a_wrong_ending_or_none_does_not_matter() {
    let folder = tempfile::tempdir().unwrap();
    for (name, other) in [
        ("pandas_zstd.parquet", "a.npy"),
        ("named.npz", "b"),
        ("others.jsonl", "c.txt"),
        ("float.ark", "d.bin"),
        ("text.ark", "e.txt"),
    ] {
        let copy = folder.path().join(other);
        std::fs::copy(golden(name), &copy).unwrap();
        check(other, &read_embeddings(&copy).unwrap());
        let bytes = std::fs::read(golden(name)).unwrap();
        check(
            name,
            &read_embeddings_of(&bytes, "standard input".as_ref()).unwrap(),
        );
    }
}

#[test]
fn rows_that_are_no_voice_are_named_and_left_out() {
    for name in ["bad.npy", "bad.parquet", "bad.jsonl", "bad.ark"] {
        let set = read_embeddings(&golden(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        check(name, &set);
        let reasons: Vec<&str> = set.unusable.iter().map(|one| one.reason.as_str()).collect();
        // JSON has one word for both.
        let third = match name {
            "bad.jsonl" => "`inf.wav`: its embedding has a value that is NaN",
            _ => "`inf.wav`: its embedding has an infinite value",
        };
        for (reason, expected) in reasons.iter().zip([
            "`zero.wav`: its embedding is nothing but zeros",
            "`nan.wav`: its embedding has a value that is NaN",
            third,
        ]) {
            assert!(reason.starts_with(expected), "{name}: {reason}");
        }
        assert_eq!(
            (reasons.len(), set.seconds.len(), set.speakers.len()),
            (3, 6, 6),
            "{name}"
        );
    }
}

#[test]
fn files_of_windows_with_marks_and_line_ends_of_its_own_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let mark = |name: &str| {
        let text = std::fs::read_to_string(golden(name)).unwrap();
        format!("\u{feff}{}", text.replace('\n', "\r\n"))
    };
    let path = folder.path().join("e.npy");
    std::fs::copy(golden("f64.npy"), &path).unwrap();
    std::fs::write(folder.path().join("e.npy.ids.txt"), mark("f64.npy.ids.txt")).unwrap();
    check("npy", &read_embeddings(&path).unwrap());
    let set = read_embeddings_of(mark("others.jsonl").as_bytes(), "e".as_ref()).unwrap();
    check("jsonl", &set);
}

#[test]
fn a_row_without_an_embedding_is_named_and_left_out() {
    let set = read_embeddings(&golden("missing.parquet")).unwrap();
    check("missing.parquet", &set);
    assert_eq!(
        set.unusable[0].reason,
        "`missing.wav`: its embedding is missing, which is no voice"
    );
}

#[test]
fn what_is_not_read_is_called_by_name_with_the_remedy() {
    for (name, expected) in [
        (
            "object.npy",
            "pickled Python objects, which are programs and are not run; write `np.save(file, np.stack(list(array)).astype(\"float32\"))`",
        ),
        (
            "integers.npy",
            "its type is `<i8`, expected floats; write `.astype(\"float32\")`",
        ),
        ("nameless.npy", "write them to `"),
        ("objects.npz", "pickled Python objects"),
        (
            "two.npz",
            "which of its arrays has the embeddings? Its arrays are `a`, `b`, `ids`",
        ),
        ("pandas_gap.parquet", "its columns `e0` to `e3` lack `e2`"),
        (
            "nothing.parquet",
            "which column has the embeddings? Its columns are `n`, `m`",
        ),
        (
            "features.ark",
            "`a`: it is a matrix of 5 x 4: features, not an embedding",
        ),
        ("compressed.ark", "compressed matrix"),
    ] {
        let error = read_embeddings(&golden(name))
            .err()
            .unwrap_or_else(|| panic!("{name} is read"));
        assert!(error.to_string().contains(expected), "{name}: {error}");
    }
    for (bytes, expected) in [
        (&b"\x80\x04\x95"[..], "it is a pickle"),
        (b"\x89HDF\r\n\x1a\n", "HDF5"),
        (b"ARROW1\0\0", "Feather"),
        (b"hello\nworld\n", "no format that is read"),
        (b"a [ 1 2\n3 4 ]\n", "a matrix of 2 rows"),
        (b"a \0BFV \x04\xff\xff\xff\x7f", "claims 2147483647 values"),
        (b"a \0BFV \x04\x03\0\0\0\0\0", "ends within its 3 values"),
        (b"a b.ark:5\n", "line 1: `b.ark`"),
        (b"", "no embeddings"),
        (
            b"{\"id\":\"a\",\"embedding\":\"x\"}",
            "expected an array of numbers",
        ),
        (
            b"{\"name\":\"a\",\"duration\":3}",
            "no key `embedding`; its keys are `duration`, `name`",
        ),
    ] {
        let error = read_embeddings_of(bytes, "file".as_ref()).err().unwrap();
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn the_shared_files_of_others_are_read_alike() {
    let Some(folder) = testing::shared("cases/embeddings-from-others") else {
        return;
    };
    let read = |name: &str| read_embeddings(&folder.join(name)).unwrap();
    let first = read("f64.npy");
    assert_eq!(first.ids.len(), 48);
    for name in ["list_f64.parquet", "zstd.parquet"] {
        let other = read(name);
        assert_eq!(first.ids, other.ids, "{name}");
        let same = |(a, b): (&f32, &f32)| (a - b).abs() <= 1e-6 * a.abs().max(1.0);
        let pairs = first.matrix.as_flat().iter().zip(other.matrix.as_flat());
        assert!(pairs.into_iter().all(same), "{name}");
    }
    let zero = read("zero_row.npy");
    assert_eq!((zero.ids.len(), zero.unusable.len()), (47, 1));
}
