//! The last lines of a training on the voices that come with siamang: EER and MR on voices it has not heard.

use std::path::Path;

use anyhow::Result;
use serde_json::json;
use siamang::{
    Centre, Compute, EmbeddingSet, Input, Model, Points, Pool, SpeechDetector, evaluate,
};
use speaker_eval::{BootstrapSettings, MrProtocol, protocol_report};
use speech_data::Manifest;

use crate::console::print_if_read;
use crate::context::Context;
use crate::training::TestData;

/// Embeds the test recordings with the bundle in `directory`, scores and clusters them, and prints the result.
pub(super) fn report(test: &TestData, directory: &Path, context: &Context) -> Result<()> {
    let console = &context.console;
    // Cosines take no notice of length, means over recordings do.
    let compute = Compute {
        device: context.device.clone(),
        ..Compute::default()
    };
    let embedder = Model::load_on(directory, compute)?
        .embedder(Centre::Model)
        .without_scaling();
    let embed = |manifest: &Manifest| {
        let inputs: Vec<Input> = manifest.utterances.iter().map(Input::of).collect();
        EmbeddingSet::embed(&embedder, &inputs, SpeechDetector::default(), console)
    };
    let (set, _) = embed(&test.manifest)?;
    let (dev_set, _) = embed(&test.dev_manifest)?;
    let settings = BootstrapSettings::default();
    let evaluation = evaluate(&test.trials, &set, Some(&test.manifest), None, &settings)?;
    for warning in &evaluation.warnings {
        console.warn(warning);
    }
    let verification = evaluation.report;
    let test_points = points(&set, &test.manifest)?;
    let dev_points = points(&dev_set, &test.dev_manifest)?;
    let clustering = protocol_report(
        verification.list.clone(),
        test_points.labelled(),
        Some(dev_points.labelled()),
        None,
    )?;
    if context.json {
        let line = json!({"event": "test", "verification": verification, "clustering": clustering});
        return print_if_read(&format!("{line}\n"));
    }
    let interval = verification
        .interval
        .as_ref()
        .map_or(String::new(), |interval| {
            format!(
                " ({:.1} to {:.1} % at 95 % confidence)",
                100.0 * interval.eer.low,
                100.0 * interval.eer.high
            )
        });
    let mut text = format!(
        "{} voices it has not heard: EER {:.2} %{interval} over {} trials, minDCF {:.3}\n",
        test_points.speakers.len(),
        100.0 * verification.eer,
        verification.n_target + verification.n_nontarget,
        verification.min_dcf,
    );
    let at_dev = clustering
        .dev_threshold
        .as_ref()
        .map_or(f64::NAN, |cut| cut.scores.mr_hungarian);
    text += &format!(
        "clustering them: MR {:.1} % at the oracle cut, {:.1} % at the cut chosen on dev ({} points)\n",
        100.0 * clustering.oracle.scores.mr_hungarian,
        100.0 * at_dev,
        clustering.n_points,
    );
    print_if_read(&text)
}

/// Two points a speaker: the first 80 % of its utterances and the rest.
fn points(set: &EmbeddingSet, manifest: &Manifest) -> Result<Points> {
    let pool = Pool::new(set, manifest.utterances.iter().collect());
    let rows: Vec<usize> = (0..pool.utterances.len()).collect();
    Ok(pool.points(
        &rows,
        MrProtocol {
            num_speakers: manifest.speakers().len(),
            ..MrProtocol::default()
        },
    )?)
}
