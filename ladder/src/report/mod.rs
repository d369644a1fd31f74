//! docs/why-it-failed.md, made from the runs that are there.

mod claim;
mod claims;
mod curves;
mod runs;
mod table;
mod trained;

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use claim::Claim;
use runs::Runs;

use crate::rung::{EQUAL_STEPS, STEPS, ladder, side_runs};

/// Name of the document, and of the folder of its curves beside it.
const DOCUMENT: &str = "why-it-failed.md";
const FIGURES: &str = "why-it-failed";

const BEGINNING: &str = "# Why it failed

Somebody built a siamese BLSTM in Keras with the loss `Is·KL(p‖q) + Ids·HL(p‖q)` for VoxCeleb, never saw an accuracy above 0.5, and found
that the embeddings did not cluster by speaker. Which assumption was wrong? More than one. This page rebuilds that version line by line
(crate `ladder/`: network of 1,611,520 parameters, distance, loss, accuracy, sampler, optimiser and crops of its own, nothing of the
product but the recurrent layer's kernel), shows the symptom, and mends one wrong assumption a rung.

In short:

1. The distance lost its dimension: labels `(batch, 1)` met distances `(batch,)` and became a table `(batch, batch)`. The loss is then
   *p · mean d + (1 − p) · mean max(0, m − d)*: it knows the share *p* of same-speaker pairs and no label. With half of the pairs same it is
   half the margin, **0.5, without a gradient**, as soon as every distance is below the margin. (At a learning rate of 0.1 the training loss
   also shows 0.5 + k · 0.118, without a gradient: dropout lets a unit jump from one end of the clip to the other.)
2. The accuracy of that table is at most max(p, 1 − p) = **0.5**, for any network, the perfect one too.
3. Mending the shape alone does not help: the last layer is no distribution, so that distances may be negative and most outputs are
   clipped. The network lets its outputs die, all distances are 0, and the loss is 0.5 again, now as a true collapse. Permuting the labels
   of a batch tells the two apart.
4. A learning rate of 0.1 throws the initial weights away within two steps and saturates the recurrent units, with the dimension kept too.
5. With a softmax and a learning rate of 0.001 the loss falls below 0.5 and the question's own distance begins to tell speakers apart. The
   embeddings gain little in the few hundred steps shown here.
6. All pairs of a batch, and few of one speaker: everything is driven apart first, and embeddings are *worse* than untrained for hundreds of
   steps. That is the wrong place to stop; with P × K batches they are better than untrained after 1,500.
";

/// Writes the document and its curves into `docs`, or gives the figures as JSON.
pub(crate) fn report(folder: &Path, docs: &Path, as_json: bool) -> Result<()> {
    let runs = Runs::read(folder)?;
    if runs.all().is_empty() {
        bail!("{} has no finished run; train first", folder.display());
    }
    let mut claims = claims::on_the_question(&runs);
    claims.extend(trained::on_what_mends_it(&runs));
    claims.sort_by_key(|claim| claim.name[1..].parse::<u32>().unwrap_or(0));
    if as_json {
        use std::io::Write as _;
        writeln!(std::io::stdout(), "{}", figures(&runs, &claims))?;
        return Ok(());
    }
    let pictures = docs.join(FIGURES);
    std::fs::create_dir_all(&pictures)
        .with_context(|| format!("cannot make {}", pictures.display()))?;
    let curves = curves::write(&runs, &pictures)?;
    let text = document(&runs, &claims, &curves)?;
    let path = docs.join(DOCUMENT);
    std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}

fn document(
    runs: &Runs,
    claims: &[Claim],
    curves: &[(&'static str, &'static str)],
) -> Result<String> {
    let mut out = String::from(BEGINNING);
    let w = &mut out;
    write!(w, "\n{}", conditions(runs))?;
    write!(
        w,
        "\n## The ladder\n\nMeans over seeds, smallest and largest in brackets. Rungs are cumulative. What is said of the last step is of the seeds that went that far.\n\n{}",
        table::course(runs)
    )?;
    for (name, caption) in curves {
        write!(w, "\n![{caption}]({FIGURES}/{name})\n\n*{caption}*\n")?;
    }
    write!(
        w,
        "\n## What the embeddings are worth\n\nCosine of the means of last states. Mean EER over the lists and MR of 40 speakers (oracle cut, optimal \
         assignment, mean of five draws of dev and test speakers) in percent; the area under the ROC is that of the question's own distance on \
         the fixed crops of the dev trials. Steps {EQUAL_STEPS} and {STEPS} are equal budgets; the last step differs by \
         rung, and its figures are of the seeds that went that far.\n\n{}",
        table::rates(runs)
    )?;
    write!(
        w,
        "\nEER by list at the last step, means over seeds:\n\n{}",
        table::lists(runs)
    )?;
    write!(
        w,
        "\n`sc`, `asc` and `dsp` have one device or session a speaker: their figures flatter everything, the untrained network above all. `wuw2` is \
         across calls. For longer trainings of the paper's larger network see [results.md](results.md).\n"
    )?;
    write!(
        w,
        "\n## What the diagnosis says\n\nThe findings of `siamang doctor` ([diagnosis.md](diagnosis.md)) on the run with seed 1: the preflight on the rung's own loss, accuracy and sampler, and its course.\n\n{}",
        table::diagnoses(runs)
    )?;
    write!(w, "\n## The sentence that was needed\n")?;
    for rung in ladder() {
        write!(w, "\n{}", table::sentence(runs, &rung))?;
    }
    write!(w, "\n## Claims\n\n| claim | | figure |\n|---|---|---|\n")?;
    for claim in claims {
        writeln!(
            w,
            "| {}. {} | **{}** | {} |",
            claim.name, claim.statement, claim.outcome, claim.figure
        )?;
    }
    write!(
        w,
        "\nRuns beside the ladder that these need (seed 1): {}.\n",
        sides(runs)
    )?;
    write!(
        w,
        "\n## What is not as it was\n\n\
         - VoxCeleb is not at hand: the corpora are others and smaller, and in place of nationality and gender a negative partner is of the same \
         corpus and, where it is known, gender.\n\
         - TensorFlow 1.11 was not run: the broadcast is computed as its shapes say, and checked against the plain loop over the table.\n\
         - Recordings shorter than half a second are filled with zeros.\n\
         - From the softmax on, the products of the recurrent layers are of bf16; so are those that embed for the EERs. `softmax-f32` is the \
         softmax rung in 32 bits, for comparison.\n\
         - The embedding of a recording is the mean of the last states of its 0.4 s blocks, counted from its end, as in the question's script.\n"
    )?;
    Ok(out)
}

fn conditions(runs: &Runs) -> String {
    let list = |mut values: Vec<String>| {
        values.sort();
        values.dedup();
        values.join(", ")
    };
    let of =
        |pick: fn(&crate::record::Record) -> String| list(runs.all().iter().map(pick).collect());
    let seconds: f64 = runs.all().iter().map(|record| record.seconds).sum();
    let steps: usize = runs.all().iter().map(|record| record.run.trace.len()).sum();
    format!(
        "## How it was measured\n\n```\ncargo xtask ladder --data CORPORA --corpora sc,wuw2,msc,asc,dsp                            # everything\ncargo xtask ladder --data CORPORA --corpora sc,wuw2,msc,asc,dsp --only RUNG --steps 100    # one rung, cut short\n```\n\n\
         Commit {}; {}; one thread a run; {} runs of {steps} steps together in {:.0} minutes of wall time on a shared machine. Every step sees \
         128 segments of 0.4 s. {} training speakers; no test speaker was looked at in choosing anything. \
         A rung that ends at step 100 and not at its own length was cut short for time, as the second command does; steps are the same whatever \
         the length.\n",
        of(|record| record.commit.clone()),
        of(|record| record.machine.clone()),
        runs.all().len(),
        seconds / 60.0,
        of(|record| record.run.facts.num_speakers.unwrap_or(0).to_string()),
    )
}

fn sides(runs: &Runs) -> String {
    let parts: Vec<String> = side_runs()
        .into_iter()
        .filter_map(|rung| {
            let record = runs.first(rung.name)?;
            let end = runs::at_end(record);
            let last = record.run.trace.last()?;
            Some(format!(
                "`{}` ({}; {} steps, loss {:.3}, dev EER {:.1} %)",
                rung.name,
                rung.title,
                end.step,
                last.loss,
                100.0 * end.mean_dev()
            ))
        })
        .collect();
    match parts.as_slice() {
        [] => "none yet".to_owned(),
        parts => parts.join(", "),
    }
}

/// The runs without their traces, and the claims.
fn figures(runs: &Runs, claims: &[Claim]) -> Value {
    let rungs: Vec<Value> = runs
        .all()
        .iter()
        .map(|record| {
            json!({
                "rung": record.rung,
                "seed": record.seed,
                "commit": record.commit,
                "machine": record.machine,
                "seconds": record.seconds,
                "settings": record.settings,
                "loss": record.run.trace.last().map(|point| point.loss),
                "largest_accuracy": record.accuracy.iter().copied().reduce(f64::max),
                "evaluations": record.evaluations,
                "diagnosis": record.diagnosis,
            })
        })
        .collect();
    let claims: Vec<Value> = claims
        .iter()
        .map(|claim| {
            json!({
                "claim": claim.name,
                "statement": claim.statement,
                "outcome": claim.outcome.to_string(),
                "figure": claim.figure,
            })
        })
        .collect();
    json!({"runs": rungs, "claims": claims})
}
