//! What to try next, in the words of the command line: the libraries know no flags.

use std::error::Error as StdError;

use anyhow::Error;
use audio_features::{AudioError, FeatureError};
use corpus_prep::PrepError;
use diagnosis::Name;
use diagnosis::journal::JournalError;
use pair_sampler::SamplerError;
use run_report::ReportError;
use speaker_eval::EvalError;
use speaker_model::ModelError;
use speaker_scoring::ScoringError;
use speech_data::store::StoreError;
use speech_data::{DataError, ProblemKind};
use trainer::TrainError;

/// What to do about commands that a table has in the place of files.
pub(crate) const PIPES_HINT: &str = "`--allow-pipes` runs the commands of known programs";

/// What to do about an error, if one of its causes says so.
pub(crate) fn hint(error: &Error) -> Option<String> {
    error.chain().find_map(of)
}

fn of(error: &(dyn StdError + 'static)) -> Option<String> {
    let hint = if let Some(error) = error.downcast_ref() {
        of_library(error)
    } else if let Some(error) = error.downcast_ref() {
        of_training(error)
    } else if let Some(error) = error.downcast_ref() {
        of_preparation(error)
    } else if let Some(error) = error.downcast_ref() {
        of_report(error)
    } else if let Some(error) = error.downcast_ref() {
        of_store(error)
    } else if let Some(error) = error.downcast_ref() {
        of_evaluation(error)
    } else if let Some(error) = error.downcast_ref() {
        of_scoring(error)
    } else if let Some(error) = error.downcast_ref() {
        of_journal(error)
    } else if let Some(error) = error.downcast_ref() {
        of_sampler(error)
    } else if let Some(error) = error.downcast_ref() {
        of_data(error)
    } else if let Some(error) = error.downcast_ref::<ModelError>() {
        error.remedy()
    } else if let Some(error) = error.downcast_ref::<FeatureError>() {
        error.remedy()
    } else if let Some(error) = error.downcast_ref::<AudioError>() {
        error.remedy()
    } else {
        None
    };
    hint.map(str::to_owned)
}

fn of_library(error: &siamang::Error) -> Option<&str> {
    use siamang::Error;
    match error {
        Error::NotAModel { .. } => Some(
            "give the directory that `siamang train --out` wrote, or one that holds `bundle.toml`",
        ),
        Error::NotImported { remedy, .. } => Some(of_import(*remedy)),
        Error::Embeddings { .. } => Some(
            "docs/formats.md has all that is read; `siamang embed RECORDINGS --out FILE` makes such a file of recordings",
        ),
        Error::Run(error) => of_training(error),
        Error::Data(error) => of_data(error),
        Error::Store(error) => of_store(error),
        Error::Measure(error) => of_evaluation(error),
        Error::Scoring(error) => of_scoring(error),
        other => other.remedy(),
    }
}

fn of_import(remedy: siamang::ImportRemedy) -> &'static str {
    use siamang::ImportRemedy;
    match remedy {
        ImportRemedy::Known => {
            "`siamang models` lists the networks that are known by their weights; any other can be imported as an ONNX file"
        }
        ImportRemedy::Family => {
            "`--family` says whose front end the network has, `--family custom --features X.toml` describes one"
        }
        ImportRemedy::Ports => {
            "`--input` names the features, `--length` their number, `--output` the embedding"
        }
        ImportRemedy::Memory => "`--memory` allows more MB, if you trust the file",
        other => other.words(),
    }
}

fn of_training(error: &TrainError) -> Option<&str> {
    match error {
        TrainError::NoCheckpoint { .. } => {
            Some("train first, or give the directory that `siamang train --out` wrote")
        }
        TrainError::RunExists { .. } => Some("go on with `--resume`, or give another `--out`"),
        TrainError::NotADirectory { .. } => {
            Some("give another `--out`: a directory, which is made where there is none")
        }
        TrainError::OtherConfiguration { .. } => {
            Some("resume with the options that it began with, or start another `--out`")
        }
        TrainError::TrainedSpeaker { .. } => Some(
            "take trials of other speakers, or give a `--split` that keeps this one out of the training",
        ),
        TrainError::OtherData { .. } => {
            Some("resume with the data that it began with, or start another `--out`")
        }
        TrainError::Memory { .. } => Some(
            "lower `crop_frames` in the configuration (`--config`), or take smaller batches (`--batch-speakers`, `--batch-segments`)",
        ),
        TrainError::NoTeacher => Some(
            "`--teacher MODEL` names one, a run or a bundle; or take `teacher_cosine` and `teacher_contrastive` out of `[loss]`",
        ),
        TrainError::UnlabelledAlone => Some(
            "name a teacher with `--teacher` and add its losses to `[loss]` (docs/teacher.md), or leave `--unlabelled` out",
        ),
        TrainError::FewUnlabelled { .. } => {
            Some("name more recordings with `--unlabelled`, or leave it out")
        }
        TrainError::UnheardTeacher { .. } => Some(
            "add `teacher_cosine` or `teacher_contrastive` to `[loss]` (docs/teacher.md), or leave `--teacher` out",
        ),
        TrainError::GraphModel { .. } => Some(
            "`siamang import` makes a bundle that can be trained of the networks that `siamang models` lists; any model can be learned from with `--teacher`",
        ),
        TrainError::OtherFrontEnd { .. } | TrainError::NothingTaken { .. } => Some(
            "leave `--config` out, and front end and encoder are the model's; or copy `[features]` and `[encoder]` from its `bundle.toml`",
        ),
        TrainError::Busy { .. } => Some("wait for it, or give another `--out`"),
        TrainError::Sampler(error) => of_sampler(error),
        TrainError::Store(error) => of_store(error),
        TrainError::Data(error) => of_data(error),
        TrainError::Eval(error) => of_evaluation(error),
        other => other.remedy(),
    }
}

fn of_sampler(error: &SamplerError) -> Option<&str> {
    match error {
        SamplerError::TooFewSpeakers { .. } => Some(
            "take fewer with `--batch-speakers`, add data, or leave a group out with `--filter`",
        ),
        other => other.remedy(),
    }
}

fn of_preparation(error: &PrepError) -> Option<&str> {
    match error {
        PrepError::NoSource => Some(
            "give `--vox1` or `--vox2` the folder with the archives or the unpacked recordings",
        ),
        PrepError::DoesNotFit { .. } => Some(
            "make room, or name another disk with `--out`; `--encoding flac` or `original` and `--limit-speakers` make a smaller store",
        ),
        PrepError::Store(error) => of_store(error),
        PrepError::Data(error) => of_data(error),
        other => other.remedy(),
    }
}

fn of_report(error: &ReportError) -> Option<&str> {
    match error {
        ReportError::EmptyJournal { .. } => {
            Some("give the directory that `siamang train --out` wrote")
        }
        ReportError::Journal(error) => of_journal(error),
        ReportError::Eval(error) => of_evaluation(error),
        ReportError::Scoring(error) => of_scoring(error),
        other => other.remedy(),
    }
}

fn of_journal(error: &JournalError) -> Option<&str> {
    match error {
        JournalError::NotARun { .. } => Some(
            "give the folder that `siamang train --out` wrote: it holds `journal.jsonl`, `config.toml` and `checkpoints/`; recordings are looked at before a training with `siamang doctor --data FOLDER`",
        ),
        other => other.remedy(),
    }
}

fn of_data(error: &DataError) -> Option<&str> {
    match error {
        DataError::Store(error) => of_store(error),
        DataError::Unlabelled { .. } => Some(
            "`siamang score` scores it as it is; an evaluation expects lines such as `1 pathA pathB` and `0 pathA pathB`",
        ),
        DataError::BadManifest { report, .. }
            if report
                .errors
                .iter()
                .any(|one| one.kind == ProblemKind::Command) =>
        {
            Some(PIPES_HINT)
        }
        other => other.remedy(),
    }
}

fn of_store(error: &StoreError) -> Option<&str> {
    match error {
        StoreError::NotAStore { .. } => Some("make one with `siamang prepare`"),
        StoreError::NotAPart { .. } => Some("give what `--shard I/N` made"),
        other => other.remedy(),
    }
}

fn of_evaluation(error: &EvalError) -> Option<&str> {
    match error {
        EvalError::Scoring(error) => of_scoring(error),
        other => other.remedy(),
    }
}

fn of_scoring(error: &ScoringError) -> Option<&str> {
    match error {
        ScoringError::TooManyPoints { .. } => Some(
            "allow more with `--memory`, use `--linkage average`, which keeps no distances of all pairs, or cluster with `--approximate`",
        ),
        other => other.remedy(),
    }
}

/// The flags that do what a finding of a training recommends, where there are some.
pub(crate) fn flags(name: Name) -> &'static str {
    match name {
        Name::FewPairs => " (`--sampler pk`)",
        Name::FewSamePairs => " (`--sampler pk --batch-speakers P --batch-segments K`)",
        Name::StoppedTooEarly => " (`--resume --max-steps N`)",
        Name::CommonOffset => " (`--centre model`)",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_cause_recommends_is_found_under_any_context() {
        let error = Error::new(ScoringError::ClusterCount {
            found: 9,
            num_points: 2,
        });
        let remedy = "change the number of clusters";
        assert_eq!(hint(&error).as_deref(), Some(remedy));
        let nested = Error::new(EvalError::Scoring(ScoringError::ClusterCount {
            found: 9,
            num_points: 2,
        }));
        assert_eq!(
            hint(&nested.context("while; clustering")).as_deref(),
            Some(remedy)
        );
        assert_eq!(hint(&Error::msg("one; two")), None);
    }
}
