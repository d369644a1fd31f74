//! The last lines of a training on the voices that come with siamang: EER and MR on voices it has not heard.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use audio_features::read_recording;
use pair_sampler::Manifest;
use rayon::prelude::*;
use serde_json::json;
use speaker_eval::{
    BootstrapSettings, EmbeddingMatrix, LabelledPoints, ListIdentity, ListedUtterance, MrPoints,
    MrProtocol, cosine, protocol_report, verification_report,
};
use speaker_model::Bundle;
use trainer::RunOptions;

use super::data::TestData;
use crate::global::Global;

/// Embeds the test recordings with the bundle in `directory`, scores and clusters them, and prints the result.
pub(super) fn report(
    test: &TestData,
    directory: &Path,
    options: &RunOptions<'_>,
    global: &Global,
) -> Result<()> {
    let bundle = Bundle::load(directory, &options.device)?;
    let embeddings = embed(&bundle, &test.manifest)?;
    let rows: BTreeMap<&str, usize> = test
        .manifest
        .utterances
        .iter()
        .enumerate()
        .map(|(row, utterance)| (utterance.id.as_str(), row))
        .collect();
    let row = |id: &str| {
        rows.get(id).copied().with_context(|| {
            format!(
                "trial list `{}` names `{id}`, which is no test recording",
                test.trials.name
            )
        })
    };
    let speakers = test.manifest.speakers();
    let speaker = |row: usize| {
        let name = test.manifest.utterances[row].speaker.as_str();
        speakers.binary_search(&name).unwrap_or_default()
    };
    let (mut scores, mut targets, mut enrolled, mut tested) = (vec![], vec![], vec![], vec![]);
    for trial in &test.trials.trials {
        let (a, b) = (row(&trial.enrolment)?, row(&trial.test)?);
        scores.push(cosine(embeddings.row(a), embeddings.row(b)));
        targets.push(trial.target);
        enrolled.push(speaker(a));
        tested.push(speaker(b));
    }
    let list = ListIdentity {
        name: test.trials.name.clone(),
        hash: test.trials.hash.clone(),
    };
    let settings = BootstrapSettings::default();
    let verification = verification_report(
        list.clone(),
        &scores,
        &targets,
        Some((&enrolled, &tested)),
        &settings,
    )?;
    let test_points = points(&test.manifest, &embeddings)?;
    let dev_points = points(&test.dev_manifest, &embed(&bundle, &test.dev_manifest)?)?;
    let labelled = |points: &'_ (MrPoints, EmbeddingMatrix)| (points.0.labels(), points.1.clone());
    let (test_labels, test_matrix) = labelled(&test_points);
    let (dev_labels, dev_matrix) = labelled(&dev_points);
    let clustering = protocol_report(
        list,
        LabelledPoints {
            embeddings: &test_matrix,
            speakers: &test_labels,
        },
        Some(LabelledPoints {
            embeddings: &dev_matrix,
            speakers: &dev_labels,
        }),
        None,
    )?;
    let mut stdout = std::io::stdout().lock();
    if global.json {
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
        speakers.len(),
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

fn embed(bundle: &Bundle, manifest: &Manifest) -> Result<EmbeddingMatrix> {
    let front_end = bundle.embedder.front_end();
    let features = manifest
        .utterances
        .par_iter()
        .map(|utterance| {
            let recording = read_recording(&utterance.path, front_end.config().sample_rate_hz)?;
            Ok(front_end.features(&recording.waveform.samples))
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(EmbeddingMatrix::from_rows(
        &bundle.embedder.embed_features(&features)?,
    )?)
}

/// Two points a speaker: the first 80 % of its utterances and the rest.
fn points(
    manifest: &Manifest,
    embeddings: &EmbeddingMatrix,
) -> Result<(MrPoints, EmbeddingMatrix)> {
    let listed: Vec<ListedUtterance> = manifest
        .utterances
        .iter()
        .map(|utterance| ListedUtterance {
            id: utterance.id.clone(),
            speaker: utterance.speaker.clone(),
            session: utterance.session.clone(),
        })
        .collect();
    let protocol = MrProtocol {
        num_speakers: manifest.speakers().len(),
        ..MrProtocol::default()
    };
    let points = protocol.points(&listed)?;
    let means = points.embeddings(embeddings)?;
    Ok((points, means))
}
