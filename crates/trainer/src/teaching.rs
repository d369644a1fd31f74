//! What a training has of its teacher, all of it asked for before the first step.

use diagnosis::TeacherAgreement;
use diagnosis::journal::ListResult;
use speech_data::{Location, Manifest, Utterance};

use crate::TrainError;
use crate::config::TrainConfig;
use crate::data::{
    Apart, DevRecording, FeatureBank, Lessons, Prepared, Teacher, TeacherVectors, Unlabelled,
};
use crate::evaluate::DevSet;
use crate::options::{Notice, Notify, RunOptions, TrainData};

/// Asks a teacher, and says how it gets on.
pub(crate) struct Class<'a> {
    pub(crate) teacher: &'a Teacher,
    pub(crate) options: &'a RunOptions<'a>,
    pub(crate) notify: Notify<'a>,
    /// What is subtracted from the teacher's vectors, once it is known.
    pub(crate) mean: Option<Vec<f64>>,
}

/// What evaluations ask of a teacher, and what it knows itself.
pub(crate) struct Examined {
    /// Its vectors of the development recordings as they are; none of one that it cannot use.
    dev: Vec<Option<Vec<f32>>>,
    /// Its vectors of the training recordings that evaluations look at.
    train: Vec<Option<Vec<f32>>>,
    /// The development lists by its own embeddings.
    pub(crate) results: Vec<ListResult>,
}

impl Class<'_> {
    fn hear(&self, manifest: &Manifest, speeds: &[f64]) -> Result<Lessons, TrainError> {
        let total = manifest.utterances.len();
        let cache = &self.options.cache;
        let notify = self.notify;
        let mut lessons = Lessons::of(self.teacher, manifest, speeds, cache, &|done| {
            let who = "the teacher";
            notify(Notice::Listening { who, done, total });
            self.options.goes_on()
        })?;
        if let Some(mean) = &self.mean {
            lessons.subtract(mean);
        }
        if let Some(failure) = &lessons.failure {
            notify(Notice::Warning(&format!(
                "{failure}; the next run will ask the teacher again"
            )));
        }
        Ok(lessons)
    }

    /// What the teacher makes of the recordings of `prepared` at all speeds; those that it can make nothing of are said, and left out
    /// there.
    pub(crate) fn lessons(
        &self,
        prepared: &mut Prepared,
        speeds: &[f64],
    ) -> Result<Lessons, TrainError> {
        let lessons = self.hear(&prepared.manifest, speeds)?;
        if !lessons.skipped.is_empty() {
            (self.notify)(Notice::Skipped(&lessons.skipped));
            let usable = lessons.usable.iter();
            let utterances = usable.map(|&number| prepared.manifest.utterances[number].clone());
            let usable = lessons.usable.iter();
            let (lengths, prints) = usable
                .map(|&number| (prepared.lengths[number], prepared.prints[number]))
                .unzip();
            (prepared.lengths, prepared.prints) = (lengths, prints);
            prepared.manifest = prepared.manifest.with_utterances(utterances.collect());
        }
        Ok(lessons)
    }

    /// Recordings without labels: prepared, heard by the teacher, and without those of speakers of `dev`.
    pub(crate) fn unlabelled<L>(
        &self,
        config: &TrainConfig<L>,
        data: &TrainData,
        bank: &FeatureBank,
        dev: &[DevRecording<'_>],
    ) -> Result<Option<Unlabelled>, TrainError> {
        let Some(unlabelled) = &data.unlabelled else {
            return Ok(None);
        };
        let notify = self.notify;
        let found = unlabelled.utterances.len();
        let apart = Apart::of(unlabelled, &data.train, dev);
        if let Some(first) = &apart.first_dev {
            notify(Notice::Warning(&format!(
                "{} of {found} recordings without labels are left out, since they are of speakers of the development trials or \
                 lie where these do: the first is `{first}`",
                apart.num_dev
            )));
        }
        if apart.num_labelled > 0 {
            notify(Notice::Warning(&format!(
                "{} of {found} recordings without labels are trained on with their labels already, and are left out of these",
                apart.num_labelled
            )));
        }
        // Each is of a speaker of its own, whoever it is.
        let alone = apart.manifest.utterances.iter().map(|utterance| Utterance {
            speaker: utterance.id.clone(),
            ..utterance.clone()
        });
        let alone = apart.manifest.with_utterances(alone.collect());
        let total = alone.utterances.len();
        let mut prepared = bank.prepare(&alone, &|done| {
            notify(Notice::Preparing { done, total });
            self.options.goes_on()
        })?;
        if !prepared.skipped.is_empty() {
            notify(Notice::Skipped(&prepared.skipped));
        }
        let lessons = self.lessons(&mut prepared, &[])?;
        let left = prepared.manifest.utterances.len();
        if left < LEAST_UNLABELLED {
            let mut skipped = prepared.skipped.iter().chain(&lessons.skipped);
            return Err(TrainError::FewUnlabelled {
                found,
                left,
                reason: skipped.next().map_or_else(
                    || "there are no more".to_owned(),
                    |first| first.reason.clone(),
                ),
            });
        }
        let kind = crate::config::Vectors::Recording;
        let vectors = TeacherVectors::new(&prepared.manifest, lessons.dim, kind, |number| {
            &lessons.vectors[number][0]
        });
        Ok(Some(Unlabelled::new(config, prepared.manifest, vectors)?))
    }

    /// Lets the teacher hear the development recordings of `dev`, where `locate` finds them; `train` are its vectors of the training
    /// recordings that evaluations look at.
    pub(crate) fn examine(
        &self,
        dev: &DevSet,
        locate: impl Fn(&str) -> Location,
        train: Vec<Option<Vec<f32>>>,
    ) -> Result<Examined, TrainError> {
        let names = dev.names();
        let rows = names.iter().map(|name| Utterance {
            location: locate(name),
            ..Utterance::new(name.as_str(), name.as_str(), name.as_str())
        });
        // Names are in order, so that a manifest leaves them where they are.
        let lessons = self.hear(&Manifest::new("", rows.collect()), &[])?;
        if let Some(first) = lessons.skipped.first() {
            (self.notify)(Notice::Warning(&format!(
                "of the development recordings the teacher cannot use {}, the first `{}`: {}",
                lessons.skipped.len(),
                first.utterance,
                first.reason
            )));
        }
        let mut vectors = vec![None; names.len()];
        for (number, mut vector) in lessons.usable.into_iter().zip(lessons.vectors) {
            vectors[number] = vector.pop();
        }
        Ok(Examined {
            results: dev.results_of(&vectors)?,
            dev: vectors,
            train,
        })
    }
}

/// Recordings without labels that a training needs: of one alone nothing is drawn.
const LEAST_UNLABELLED: usize = 2;

impl Examined {
    /// How near a student's embeddings of the development recordings as they are, and of the training recordings that evaluations look
    /// at, lie to the teacher's; both where the teacher's vectors lie.
    pub(crate) fn agreement(&self, dev: &[Vec<f32>], train: &[Vec<f32>]) -> TeacherAgreement {
        TeacherAgreement {
            dev: mean_cosine(dev, &self.dev),
            train: mean_cosine(train, &self.train),
        }
    }
}

/// Mean cosine of the rows of which both are known.
fn mean_cosine(rows: &[Vec<f32>], vectors: &[Option<Vec<f32>>]) -> Option<f64> {
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        let products = a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b));
        products.sum()
    };
    let known = rows.iter().zip(vectors);
    let known = known.filter_map(|(row, vector)| Some((row, vector.as_ref()?)));
    let cosines = known.map(|(a, b)| dot(a, b) / (dot(a, a) * dot(b, b)).sqrt().max(1e-12));
    let (sum, count) = cosines.fold((0.0, 0_usize), |(sum, count), v| (sum + v, count + 1));
    (count > 0).then(|| sum / count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agreement_is_a_mean_cosine_over_what_the_teacher_could_use() {
        let rows = [vec![3.0, 4.0], vec![1.0, 0.0], vec![0.0, 2.0]];
        let vectors = [Some(vec![1.0, 0.0]), None, Some(vec![0.0, 7.0])];
        let found = mean_cosine(&rows, &vectors);
        assert!(
            found.is_some_and(|found| (found - 0.8).abs() < 1e-9),
            "{found:?}"
        );
        assert_eq!(mean_cosine(&rows, &[]), None);
    }
}
