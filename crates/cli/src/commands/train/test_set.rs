//! The last lines of a training on the voices that come with siamang: EER and MR on voices it has not heard.

use std::io::Write;
use std::path::Path;

use anyhow::Result;
use serde_json::json;
use speaker_eval::{BootstrapSettings, MrProtocol, protocol_report};
use speaker_model::Bundle;
use speech_data::Manifest;
use trainer::RunOptions;

use crate::centre::Centre;
use crate::commands::eval::measure;
use crate::context::Context;
use crate::embedding_set::EmbeddingSet;
use crate::inputs::Input;
use crate::points::{Points, Pool};
use crate::training::TestData;
use crate::trials::Trials;

/// Embeds the test recordings with the bundle in `directory`, scores and clusters them, and prints the result.
pub(super) fn report(
    test: &TestData,
    directory: &Path,
    options: &RunOptions<'_>,
    context: &Context,
) -> Result<()> {
    let console = &context.console;
    // Cosines take no notice of length, means over recordings do.
    let embedder = Bundle::load(directory, &options.device)?
        .into_embedder()
        .without_scaling();
    let embed = |manifest: &Manifest| {
        let inputs: Vec<Input> = manifest.utterances.iter().map(Input::of).collect();
        EmbeddingSet::embed(&embedder, &inputs, console)
    };
    let (set, skipped) = embed(&test.manifest)?;
    let (dev_set, _) = embed(&test.dev_manifest)?;
    let trials = Trials {
        lists: vec![test.trials.clone()],
        manifest: Some(test.manifest.clone()),
        set,
        origin: directory.display().to_string(),
        skipped,
    };
    let settings = BootstrapSettings::default();
    let verification = measure(&test.trials, &trials, Centre::Model, &settings, console)?.report;
    let test_points = points(&trials.set, &test.manifest)?;
    let dev_points = points(&dev_set, &test.dev_manifest)?;
    let clustering = protocol_report(
        verification.list.clone(),
        test_points.labelled(),
        Some(dev_points.labelled()),
        None,
    )?;
    let mut stdout = std::io::stdout().lock();
    if context.json {
        let line = json!({"event": "test", "verification": verification, "clustering": clustering});
        writeln!(stdout, "{line}")?;
        return Ok(());
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
    writeln!(
        stdout,
        "{} voices it has not heard: EER {:.2} %{interval} over {} trials, minDCF {:.3}",
        test_points.speakers.len(),
        100.0 * verification.eer,
        verification.n_target + verification.n_nontarget,
        verification.min_dcf,
    )?;
    let at_dev = clustering
        .dev_threshold
        .as_ref()
        .map_or(f64::NAN, |cut| cut.scores.mr_hungarian);
    writeln!(
        stdout,
        "clustering them: MR {:.1} % at the oracle cut, {:.1} % at the cut chosen on dev ({} points)",
        100.0 * clustering.oracle.scores.mr_hungarian,
        100.0 * at_dev,
        clustering.n_points,
    )?;
    Ok(())
}

/// Two points a speaker: the first 80 % of its utterances and the rest.
fn points(set: &EmbeddingSet, manifest: &Manifest) -> Result<Points> {
    let pool = Pool::new(set, manifest.utterances.iter().collect());
    let rows: Vec<usize> = (0..pool.utterances.len()).collect();
    pool.points(
        &rows,
        MrProtocol {
            num_speakers: manifest.speakers().len(),
            ..MrProtocol::default()
        },
    )
}
