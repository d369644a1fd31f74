//! Every encoder of convolutions trains on the built-in voices: its loss falls, its batch norms keep running statistics, the bundle
//! embeds by them, and a run that is resumed, or has other threads, ends with the same bits.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot prepare its data has failed"
)]

use std::path::{Path, PathBuf};

use end_to_end::{Place, siamang};
use safetensors::SafeTensors;
use serde_json::Value;

const STEPS: i64 = 30;

/// Trunk and pooling of an encoder, in TOML.
const ENCODERS: [(&str, &str); 5] = [
    (
        "residual_tdnn",
        "[trunk]\nkind = \"residual_tdnn\"\nchannels = 12\noutput = 16\nentry_kernel = 5\nstride = 2\nkernel = 3\n\
         dilations = [1, 2]\n[pooling]\nkind = \"attentive\"\nwidth = 8\ncontext = true\nnorm = true\n",
    ),
    (
        "tdnn",
        "[trunk]\nkind = \"tdnn\"\nlayers = [{ channels = 12, kernel = 5 }, { channels = 12, kernel = 3, dilation = 2 }]\n\
         [pooling]\nkind = \"mean_deviation\"\n",
    ),
    (
        "ecapa",
        "[trunk]\nkind = \"ecapa\"\nchannels = 12\noutput = 16\nentry_kernel = 5\nkernel = 3\ndilations = [2, 3]\nscale = 3\n\
         squeezed = 4\nkept = \"first\"\noutput_norm = true\n[pooling]\nkind = \"attentive\"\nwidth = 8\ncontext = true\n",
    ),
    (
        "res_net",
        "[trunk]\nkind = \"res_net\"\nchannels = 4\nblocks = [1, 1]\n[pooling]\nkind = \"mean_deviation\"\n",
    ),
    (
        "cam_plus_plus",
        "[trunk]\nkind = \"cam_plus_plus\"\nimage_channels = 4\nchannels = 12\ngrowth = 4\nbottleneck = 8\n\
         blocks = [{ layers = 2, kernel = 3, dilation = 1 }]\n[pooling]\nkind = \"mean_deviation\"\n",
    ),
];

/// A training of the softmax over speakers, with that encoder.
fn configure(place: &Place, encoder: &str) {
    place.tiny_config("--sampler pk", |config| {
        config.remove("augment");
        let parts: toml::Table = encoder.parse().unwrap();
        let table = config["encoder"].as_table_mut().unwrap();
        table.extend(parts);
        let projection = "kind = \"linear\"\nwidth = 12\nstandardise = false";
        table.insert(
            "projection".to_owned(),
            projection.parse::<toml::Table>().unwrap().into(),
        );
        let loss = "kind = \"softmax\"".parse::<toml::Table>().unwrap();
        config.insert("loss".to_owned(), loss.into());
        config["sampler"]["speakers"] = 6.into();
        config["sampler"]["segments"] = 3.into();
        config["optimiser"]["learning_rate"] = 0.005.into();
        let optimiser = config["optimiser"].as_table_mut().unwrap();
        optimiser.remove("schedule");
        config["max_steps"] = STEPS.into();
        config["eval_every"] = (STEPS / 2).into();
    });
}

/// The weights that a run ended with.
fn last(run: &Path) -> PathBuf {
    run.join(format!("checkpoints/step-{STEPS:07}/network.safetensors"))
}

#[test]
fn every_encoder_trains_and_resumes_to_the_same_bits_with_any_number_of_threads() {
    for (name, encoder) in ENCODERS {
        let place = Place::new();
        configure(&place, encoder);
        let command = "train --config tiny.toml --cache cache --no-report --out run";
        let trained = place.run(command);
        assert_eq!(trained.code, Some(0), "{name}: {trained:#?}");
        let run = place.path("run");
        let journal = std::fs::read_to_string(run.join("journal.jsonl")).unwrap();
        let losses: Vec<f64> = journal
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .filter(|event| event["event"] == "steps")
            .map(|event| event["loss"].as_f64().unwrap())
            .collect();
        assert!(losses.last() < losses.first(), "{name}: {losses:?}");

        let weights = std::fs::read(last(&run)).unwrap();
        let tensors = SafeTensors::deserialize(&weights).unwrap();
        let mut norms = 0;
        for (of, tensor) in tensors.tensors() {
            let values = tensor.data().chunks_exact(4);
            let values = values.map(|x| f32::from_le_bytes(x.try_into().unwrap()));
            let start = match of.rsplit('.').next().unwrap() {
                "mean" => 0.0,
                "variance" => 1.0,
                _ => continue,
            };
            let values: Vec<f32> = values.collect();
            assert!(
                values.iter().any(|&x| x != start),
                "{name}: {of} has not moved"
            );
            assert!(values.iter().all(|x| x.is_finite()), "{name}: {of}");
            norms += 1;
        }
        assert!(norms >= 2, "{name}: {norms} statistics");

        // What a process that dies before its last checkpoint leaves behind.
        std::fs::remove_dir_all(last(&run).parent().unwrap()).unwrap();
        let resumed = place.run(&format!("{command} --resume"));
        assert_eq!(resumed.code, Some(0), "{name}: {resumed:#?}");
        assert!(
            std::fs::read(last(&run)).unwrap() == weights,
            "{name}: weights differ"
        );

        // One thread computes the same.
        let mut alone = siamang(&place.path("."));
        alone.env("RAYON_NUM_THREADS", "1");
        alone.args("train --config tiny.toml --cache cache --no-report --out alone".split(' '));
        assert!(alone.output().unwrap().status.success(), "{name}");
        let alone = std::fs::read(last(&place.path("alone"))).unwrap();
        assert!(alone == weights, "{name}: weights differ with one thread");
    }
}
