//! VoxCeleb2 as it is: 1,092,009 utterances of 5,994 speakers, their real lengths, 254 GiB of samples that are holes
//! in sparse files. `docs/scale.md` has what this prints.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use rayon::prelude::*;

use super::index::{IndexBuilder, Placed};
use super::item::StoreItem;
use super::layout::{FORMAT_VERSION, SUMMARY, checksum, shard_name};
use super::reader::Store;
use super::settings::StoreSettings;
use super::summary::StoreSummary;
use audio_features::{FeatureConfig, FrontEnd};

/// Speaker, video, name and length in frames of 1,024 samples.
type Listed = (Arc<str>, Arc<str>, String, u64);

/// All utterances, sorted by name.
fn utterances() -> Option<Vec<Listed>> {
    let list = testing::shared("voxceleb_meta/vox2_dev_aac_frames.txt.xz")?;
    let mut xz = testing::program("xz", "--version")?;
    let output = xz.arg("-dc").arg(&list).output().ok()?;
    let text = String::from_utf8(output.stdout)
        .ok()
        .filter(|text| !text.is_empty())?;
    let mut all = Vec::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let (speaker, video) = words.next()?.split_once('/')?;
        let (speaker, video): (Arc<str>, Arc<str>) = (speaker.into(), video.into());
        for word in words {
            let (number, frames) = word.split_once(':')?;
            all.push((
                Arc::clone(&speaker),
                Arc::clone(&video),
                format!("{speaker}/{video}/{number:0>5}.m4a"),
                frames.parse().ok()?,
            ));
        }
    }
    all.sort_by(|a, b| a.2.cmp(&b.2));
    Some(all)
}

fn generate(folder: &Path) -> Option<StoreSummary> {
    let settings = StoreSettings::default();
    let (mut index, mut sizes) = (IndexBuilder::default(), vec![0_u64]);
    let columns = |gender: &str| {
        let pairs = [
            ("corpus", "voxceleb2"),
            ("split", "train"),
            ("gender", gender),
        ];
        Arc::new(BTreeMap::from(
            pairs.map(|(key, value)| (key.to_owned(), value.to_owned())),
        ))
    };
    let genders = [columns("f"), columns("m")];
    for (number, (speaker, video, name, frames)) in utterances()?.into_iter().enumerate() {
        let num_bytes = 2 * 1_024 * frames;
        if sizes[sizes.len() - 1] + num_bytes > settings.shard_bytes {
            sizes.push(0);
        }
        let shard = sizes.len() - 1;
        let item = StoreItem {
            name,
            speaker,
            session: Some(video),
            columns: Arc::clone(&genders[number % 2]),
            source_bytes: 0,
        };
        let placed = Placed {
            shard: shard as u32,
            offset: sizes[shard],
            num_bytes,
            num_samples: 1_024 * frames,
            sample_rate_hz: 16_000,
            encoding: 0,
            checksum: checksum(&[]),
        };
        sizes[shard] += num_bytes;
        index.push(&item.facts(), &placed);
    }
    for (number, &size) in sizes.iter().enumerate() {
        let file = std::fs::File::create(folder.join(shard_name(number as u32))).unwrap();
        file.set_len(size).unwrap();
    }
    let mut summary = StoreSummary {
        format_version: FORMAT_VERSION,
        speakers: index.num_speakers(),
        utterances: index.num_rows(),
        hours: index.num_samples() as f64 / 16_000.0 / 3_600.0,
        bytes: index.num_bytes(),
        failed: 0,
        complete: true,
        part: None,
        settings,
        plan: String::new(),
        planned: index.num_rows(),
        checksum: String::new(),
        missing: Vec::new(),
        remarks: Vec::new(),
    };
    let hash = index.write(folder, &sizes).unwrap();
    summary.checksum = hash.to_hex().to_string();
    std::fs::write(folder.join(SUMMARY), serde_json::to_vec(&summary).unwrap()).unwrap();
    Some(summary)
}

/// Memory of this process in MB: of its own, and of mapped files.
fn memory_mb() -> (f64, f64) {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let of = |key: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(key));
        let kilobytes = line.and_then(|rest| {
            rest.trim_matches([':', ' ', '\t', 'k', 'B'])
                .parse::<f64>()
                .ok()
        });
        kilobytes.unwrap_or(f64::NAN) / 1e3
    };
    (of("RssAnon"), of("RssFile"))
}

/// The `number`-th utterance and place of a crop, of a fixed sequence.
fn draw(store: &Store, number: u64, samples: u64) -> (usize, u64) {
    let mut state = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    state = (state ^ (state >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let index = (state >> 20) as usize % store.len();
    let room = store.entry(index).unwrap().num_samples - samples;
    (index, (state >> 40) % (room + 1))
}

#[test]
#[ignore = "makes 270 GB of holes and 130 MB of index, and needs /usr/bin/xz: half a minute"]
fn a_store_of_voxceleb2s_shape_opens_at_once_and_gives_crops_as_fast_as_memory() {
    const CROP: u64 = 32_000;
    const CROPS: u64 = 40_000;
    let folder = tempfile::tempdir().unwrap();
    let begin = Instant::now();
    let Some(summary) = generate(folder.path()) else {
        return;
    };
    eprintln!("generated in {:.1} s", begin.elapsed().as_secs_f64());
    assert_eq!((summary.speakers, summary.utterances), (5_994, 1_092_009));
    let before = memory_mb();
    let begin = Instant::now();
    let store = Store::open(folder.path()).unwrap();
    let open_s = begin.elapsed().as_secs_f64();
    let after = memory_mb();
    eprintln!(
        "{} utterances, {:.0} h, {:.1} GB in {} shards: opened in {open_s:.3} s, {:+.1} MB own and {:+.1} MB mapped memory",
        store.len(),
        summary.hours,
        summary.bytes as f64 / 1e9,
        summary.bytes.div_ceil(summary.settings.shard_bytes),
        after.0 - before.0,
        after.1 - before.1,
    );
    assert!(store.find("id00012/21Uxsk56VDQ/00001.m4a").is_some());
    let begin = Instant::now();
    for number in 0..100_000 {
        let (index, _) = draw(&store, number, CROP);
        let name = store.entry(index).unwrap().name;
        assert_eq!(store.find(name), Some(index));
    }
    eprintln!(
        "{:.2} µs to find a name",
        begin.elapsed().as_secs_f64() * 10.0
    );
    let front_end = FrontEnd::new(FeatureConfig::kaldi(), None).unwrap();
    for with_features in [false, true] {
        let crops = if with_features { CROPS / 4 } else { CROPS };
        let begin = Instant::now();
        let total: usize = (0..crops)
            .into_par_iter()
            .map_init(Vec::new, |samples, number| {
                let (index, start) = draw(&store, number, CROP);
                samples.clear();
                store.read(index, start..start + CROP, samples).unwrap();
                match with_features {
                    true => front_end.features(samples).num_frames(),
                    false => samples.len(),
                }
            })
            .sum();
        assert!(total > 0);
        let per_s = crops as f64 / begin.elapsed().as_secs_f64();
        let what = if with_features {
            "with log-mel features"
        } else {
            "of samples"
        };
        eprintln!(
            "{per_s:.0} crops of 2 s {what} a second on {} threads: {:.0} batches of 128",
            rayon::current_num_threads(),
            per_s / 128.0
        );
    }
    let after = memory_mb();
    eprintln!(
        "then {:.1} MB own and {:.1} MB mapped memory",
        after.0, after.1
    );
}
