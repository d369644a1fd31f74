//! Files that mean harm: each is refused by name, none makes the reader panic, and none costs memory that it does not have
//! itself.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot prepare its data has failed"
)]

mod common;

use std::sync::Mutex;

use common::{dict, field, golden, long, onnx, tensor, text, torch, tuple, zip};
use foreign_weights::{ForeignError, ForeignFile, Limits};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

#[global_allocator]
static ALLOCATOR: testing::Counting = testing::Counting::new();
/// The counters are shared by all of the process.
static TURN: Mutex<()> = Mutex::new(());

/// What opening gives, whose peak of memory must not be more than 1 MB and `times` the file.
fn bounded(name: &str, bytes: &[u8], times: usize) -> Result<ForeignFile, ForeignError> {
    let (result, peak) =
        ALLOCATOR.most_of(|| ForeignFile::of_bytes(bytes, name, None, &Limits::default()));
    let bound = (1 << 20) + times * bytes.len();
    assert!(
        peak <= bound,
        "{name}: {peak} bytes for a file of {}",
        bytes.len()
    );
    result
}

/// The message of the refusal.
#[track_caller]
fn refused(name: &str, bytes: &[u8]) -> String {
    let error = bounded(name, bytes, 100).map(|file| file.tensors.len());
    let error = error.expect_err(name);
    assert!(error.remedy().is_some());
    let text = error.to_string();
    assert!(
        text.starts_with('`') && text.contains(name) && text.len() < 1_000,
        "{text}"
    );
    text
}

#[test]
fn a_pickle_that_calls_a_function_is_refused_by_the_functions_name() {
    let _turn = TURN.lock();
    let call = |module: &str, name: &str| {
        [
            format!("c{module}\n{name}\n").into_bytes(),
            tuple(&[text("touch /tmp/owned")]),
            b"R".to_vec(),
        ]
        .concat()
    };
    for (module, name) in [
        ("os", "system"),
        ("posix", "system"),
        ("builtins", "eval"),
        ("__builtin__", "exec"),
        ("builtins", "getattr"),
        ("subprocess", "Popen"),
        ("torch", "load"),
        ("torch.hub", "load"),
        ("torch._utils", "_import_dotted_name"),
        ("torch", "nn.Storage"),
        ("operator", "attrgetter"),
        ("functools", "partial"),
        ("numpy.core.multiarray", "fromfile"),
        ("pathlib", "Path.unlink"),
    ] {
        let pickle = dict(&[
            ("weight", tensor(2, 0, &[2], &[1])),
            ("x", call(module, name)),
        ]);
        let message = refused("x.pt", &torch(&pickle, &[0; 8]));
        assert!(message.contains(&format!("{module}.{name}")), "{message}");
        // By protocol 4's way of naming it, and of making an object.
        let new = [
            b"\x80\x04".to_vec(),
            text(module),
            text(name),
            b"\x93)\x81.".to_vec(),
        ]
        .concat();
        assert!(refused("x.pt", &torch(&new, &[])).contains(&format!("{module}.{name}")));
        // In the old format, before the file's own pickles are through.
        let old = [
            b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.".to_vec(),
            b"\x80\x02".to_vec(),
            call(module, name),
            b".".to_vec(),
        ]
        .concat();
        assert!(refused("x.pth", &old).contains(&format!("{module}.{name}")));
    }
    // Protocol 0, and the registry of extensions.
    assert!(refused("x.pt", &torch(b"(S'id'\nios\nsystem\n.", &[])).contains("instruction"));
    assert!(refused("x.pt", &torch(b"(ios\nsystem\n.", &[])).contains("os.system"));
    assert!(refused("x.pt", &torch(b"\x80\x02\x82\x01.", &[])).contains("registry"));
    assert!(!std::path::Path::new("/tmp/owned").exists());
}

#[test]
fn sizes_that_a_file_does_not_have_are_refused() {
    let _turn = TURN.lock();
    let huge = i64::MAX;
    for (stored, offset, shape, strides) in [
        (4, 0, &[5][..], &[1][..]),
        (4, 1, &[4], &[1]),
        (4, 0, &[2, 2], &[3, 1]),
        (huge, 0, &[huge], &[1]),
        (huge, 0, &[huge, huge], &[1, 1]),
        (1 << 40, 0, &[1 << 40], &[1]),
        (4, huge, &[1], &[1]),
        (4, 0, &[2, 2], &[huge, huge]),
        (4, 0, &[1 << 30], &[0]),
        (4, 0, &[1 << 16, 1 << 16, 1 << 16, 1 << 16], &[0, 0, 0, 0]),
        (4, 0, &[-1], &[1]),
        (4, -1, &[1], &[1]),
        (4, 0, &[2], &[-1]),
        (-4, 0, &[2], &[1]),
        (4, 0, &[1; 17], &[1; 17]),
        (4, 0, &[2], &[1, 1]),
        (8, 0, &[8], &[1]),
    ] {
        let pickle = dict(&[("weight", tensor(stored, offset, shape, strides))]);
        refused("x.pt", &torch(&pickle, &[0; 16]));
    }
    // A thousand tensors that are each all of one storage.
    let names: Vec<String> = (0..1_000).map(|index| index.to_string()).collect();
    let entries: Vec<(&str, Vec<u8>)> = names
        .iter()
        .map(|name| (name.as_str(), tensor(1 << 16, 0, &[1 << 16], &[1])))
        .collect();
    let message = refused("x.pt", &torch(&dict(&entries), &vec![0; 1 << 18]));
    assert!(message.contains("more values"), "{message}");
    // ONNX: a claim without values, and raw values of another number.
    for initialiser in [
        [
            b"\x08\xff\xff\xff\xff\xff\xff\xff\x7f\x10\x01".to_vec(),
            field(8, b"w"),
        ]
        .concat(),
        [
            b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x10\x01".to_vec(),
            field(8, b"w"),
        ]
        .concat(),
        [
            b"\x08\x80\x80\x80\x80\x08\x08\x80\x80\x80\x80\x08\x10\x01".to_vec(),
            field(9, &[0; 16]),
        ]
        .concat(),
        [b"\x08\x04\x10\x01".to_vec(), field(9, &[0; 15])].concat(),
        [b"\x08\x04\x10\x01".to_vec(), field(4, &[0; 12])].concat(),
    ] {
        refused("x.onnx", &onnx(&field(5, &initialiser)));
    }
    // safetensors: a header longer than the file, one that claims more than there is, and one that overlaps.
    for header in [
        r#"{"w":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,16]}}"#,
        r#"{"w":{"dtype":"F32","shape":[4],"data_offsets":[0,16777216]}}"#,
        r#"{"w":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"v":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#,
    ] {
        let file = [
            &(header.len() as u64).to_le_bytes()[..],
            header.as_bytes(),
            &[0; 16],
        ]
        .concat();
        refused("x.safetensors", &file);
    }
}

#[test]
fn containers_in_themselves_deep_ones_and_ones_that_unfold_without_end_are_refused() {
    let _turn = TURN.lock();
    let cyclic = b"\x80\x02]q\x00h\x00a.";
    assert!(refused("x.pt", &torch(cyclic, &[])).contains("holds itself"));
    let own_key = b"\x80\x02}q\x00X\x01\x00\x00\x00ah\x00s.";
    assert!(refused("x.pt", &torch(own_key, &[])).contains("holds itself"));
    let deep = [vec![b']'; 100_000], vec![b'a'; 99_999], b".".to_vec()].concat();
    assert!(refused("x.pt", &torch(&deep, &[])).contains("deep"));
    let deep = [vec![b'('; 100_000], vec![b't'; 100_000], b".".to_vec()].concat();
    assert!(refused("x.pt", &torch(&deep, &[])).contains("deep"));
    // Thirty lists, each twice in the next: a thousand million entries once unfolded.
    let mut doubled = b"\x80\x02]".to_vec();
    for _ in 0..30 {
        doubled.extend(b"q\x00]q\x01h\x00ah\x00ah\x01");
    }
    doubled.push(b'.');
    assert!(refused("x.pt", &torch(&doubled, &[])).contains("unfolded"));
    // A list that is copied into itself again and again.
    let mut copied = b"\x80\x02]q\x00(".to_vec();
    copied.extend([b'N'; 1_000]);
    copied.push(b'e');
    for _ in 0..5_000 {
        copied.extend(b"0cbuiltins\nlist\nh\x00\x85R");
    }
    copied.push(b'.');
    assert!(refused("x.pt", &torch(&copied, &[])).contains("more objects"));
    // Values remembered under absurd numbers, or never.
    refused("x.pt", &torch(b"\x80\x02Nr\xff\xff\xff\xff.", &[]));
    refused("x.pt", &torch(b"\x80\x02Np4000000000\n.", &[]));
    refused("x.pt", &torch(b"\x80\x02h\x00.", &[]));
    // Long names, each remembered once and given to many.
    let name = text(&"n".repeat(100_000));
    let long_name = [
        b"\x80\x02}(".to_vec(),
        name,
        tensor(1, 0, &[1], &[1]),
        b"u.".to_vec(),
    ]
    .concat();
    assert!(refused("x.pt", &torch(&long_name, &[0; 4])).contains("name"));
    // Graphs in graphs.
    let mut graph = Vec::new();
    for _ in 0..2_000 {
        graph = field(1, &field(5, &field(6, &graph)));
    }
    assert!(refused("x.onnx", &onnx(&graph)).contains("graphs in graphs"));
    // Two tensors of one name.
    let twice = dict(&[
        ("w", tensor(1, 0, &[1], &[1])),
        ("w", tensor(1, 0, &[1], &[1])),
    ]);
    assert!(refused("x.pt", &torch(&twice, &[0; 4])).contains("two tensors"));
    // Many small objects: memory is a fixed number of times the pickle, and bounded.
    refused(
        "x.pt",
        &torch(&[b"\x80\x02".to_vec(), vec![b']'; 2_000_000]].concat(), &[]),
    );
}

#[test]
fn archives_that_swell_or_point_outside_are_refused() {
    let _turn = TURN.lock();
    let zeros = vec![0u8; 40 << 20];
    let plain = golden("plain.pt");
    // A storage, a pickle and a member that inflate a thousandfold.
    let pickle = dict(&[("w", tensor(10 << 20, 0, &[10 << 20], &[1]))]);
    let bomb = zip(
        &[("archive/data.pkl", &pickle), ("archive/data/0", &zeros)],
        true,
    );
    refused("x.pt", &bomb);
    refused("x.pt", &zip(&[("archive/data.pkl", &zeros)], true));
    let mut swollen = b"\x08\x08\x12\x01a".to_vec();
    swollen.extend(&zeros);
    let bomb = zip(&[("model.onnx", &swollen)], true);
    assert!(refused("x.zip", &bomb).contains("compress"));
    // Names that leave the archive.
    for name in [
        "../../etc/passwd.pt",
        "/etc/x.pt",
        "a/../../x.pt",
        "..\\x.pt",
        "C:\\x.pt",
        "C:x.pt",
    ] {
        let message = refused("x.zip", &zip(&[(name, &plain)], false));
        assert!(message.contains("points out of its archive"), "{message}");
    }
    // An archive in an archive in an archive.
    let once = zip(&[("a/plain.pt", &plain)], true);
    assert_eq!(
        bounded("x.whl", &once, 20).unwrap().member.as_deref(),
        Some("a/plain.pt")
    );
    let twice = zip(&[("inner.zip", &once)], false);
    let error =
        ForeignFile::of_bytes(&twice, "x", Some("inner.zip"), &Limits::default()).unwrap_err();
    assert!(
        error.to_string().contains("archive in an archive"),
        "{error}"
    );
    assert!(refused("x.zip", &twice).contains("none of which is a model"));
    // Claims of its directory: a storage of other sizes than it has.
    let mut lying = torch(&dict(&[("w", tensor(4, 0, &[4], &[1]))]), &[0; 16]);
    let at = lying
        .windows(4)
        .rposition(|part| part == b"PK\x01\x02")
        .unwrap();
    lying[at + 20..at + 28].copy_from_slice(&[0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 0x7f]);
    refused("x.pt", &lying);
}

#[test]
fn what_is_something_else_is_called_by_its_name() {
    let _turn = TURN.lock();
    for (bytes, word) in [
        (&b""[..], "is empty"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
        (b"<!DOCTYPE html><html>", "HTML"),
        (b"\x80\x04\x95\x00\x00", "pickle that PyTorch did not write"),
        (b"\x93NUMPY\x01\x00", "NumPy"),
        (b"hello", "no format"),
    ] {
        assert!(refused("x", bytes).contains(word));
    }
    let script = zip(
        &[
            ("net/data.pkl", b"\x80\x02N."),
            ("net/code/__torch__.py", b"pass"),
        ],
        false,
    );
    assert!(refused("x.pt", &script).contains("TorchScript"));
    let big = zip(
        &[("net/data.pkl", b"\x80\x02N."), ("net/byteorder", b"big")],
        false,
    );
    assert!(refused("x.pt", &big).contains("little-endian"));
    let long_magic = [b"\x80\x02".to_vec(), long(1), b".".to_vec()].concat();
    refused("x.pt", &long_magic);
}

#[test]
fn a_file_cut_at_any_byte_is_refused() {
    let _turn = TURN.lock();
    for name in ["plain.pt", "legacy.pt", "network.safetensors", "graph.onnx"] {
        let bytes = golden(name);
        let whole = bounded(name, &bytes, 100).unwrap();
        for length in 0..bytes.len() {
            let cut = bounded(name, &bytes[..length], 100);
            // Messages of ONNX have no end of their own: what comes after the graph may be missed.
            match cut {
                Err(_) => {}
                Ok(file) => {
                    assert!(
                        name == "graph.onnx" && file.tensors == whole.tensors,
                        "{name} at {length}"
                    );
                }
            }
        }
    }
}

#[test]
fn five_hundred_damaged_copies_of_each_file_are_read_or_refused() {
    let _turn = TURN.lock();
    let mut random = ChaCha8Rng::seed_from_u64(18);
    let wheel = zip(
        &[("a/plain.pt", &golden("plain.pt")), ("a/x.txt", b"x")],
        true,
    );
    let mut files: Vec<(&str, Vec<u8>)> = vec![("x.whl", wheel)];
    for name in [
        "plain.pt",
        "legacy.pt",
        "lightning.ckpt",
        "step.pt",
        "protocol4.pt",
        "network.safetensors",
        "graph.onnx",
    ] {
        files.push((name, golden(name)));
    }
    for (name, bytes) in files {
        let mut num_refused = 0;
        for _ in 0..500 {
            let mut copy = bytes.clone();
            for _ in 0..random.random_range(1..6) {
                let at = random.random_range(0..copy.len());
                match random.random_range(0..4) {
                    0 => copy[at] ^= 1 << random.random_range(0..8),
                    1 => copy[at] = random.random(),
                    2 => {
                        copy.remove(at);
                    }
                    _ => copy.insert(at, [0, 0xff, 0x7f, b'.', b'R'][random.random_range(0..5)]),
                }
            }
            match bounded(name, &copy, 100) {
                Ok(file) => assert!(file.num_values() <= copy.len() + (1 << 14)),
                Err(error) => {
                    assert!(error.to_string().len() < 2_000, "{error}");
                    num_refused += 1;
                }
            }
        }
        assert!(num_refused > 100, "{name}: {num_refused}");
    }
}
