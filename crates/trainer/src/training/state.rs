//! What changes from step to step.

use diagnosis::journal::Evaluation;
use speaker_model::{Bundle, Embedder, LossChoice, Origin, SpeakerNetwork, TrainingSpeakers};

use super::checkpoint::{Progress, Resumed, RunDirectory};
use crate::TrainError;
use crate::data::Coverage;
use crate::evaluate::{Fitted, mean_eer};
use crate::initial::{Initial, InitialOrigin};
use crate::material::{Begun, Material};
use crate::optimise::{Average, Optimiser, Rates};
use crate::options::{Notice, Notify};

/// Training recordings whose statistics a bundle uses.
const SAMPLE_RECORDINGS: usize = 500;

/// A network in training, and how far it has come.
pub(super) struct State<C: LossChoice> {
    pub(super) network: SpeakerNetwork<C::Loss>,
    pub(super) optimiser: Optimiser,
    /// The mean of the network over its steps, which is evaluated.
    pub(super) average: Average<SpeakerNetwork<C::Loss>>,
    pub(super) progress: Progress,
    pub(super) coverage: Coverage,
    /// Whether the last evaluation found all outputs alike.
    pub(super) collapsed: bool,
    /// The model whose weights it began with.
    pub(super) initial: Option<InitialOrigin>,
}

/// An optimiser that has taken no step.
fn optimiser<C: LossChoice>(
    material: &Material<'_, C>,
    network: &SpeakerNetwork<C::Loss>,
) -> Result<Optimiser, TrainError> {
    let config = &material.config.optimiser;
    Ok(Optimiser::new(config).with_rates(Rates::new(&config.layers, network)?))
}

/// What a run has visited in `steps`.
fn covered<C: LossChoice>(material: &Material<'_, C>, steps: u64) -> Coverage {
    let num_speakers = material.sampler().num_speakers();
    let mut coverage = Coverage::new(num_speakers, material.heard().utterances.len());
    coverage.replay(&material.schedule, steps);
    coverage
}

impl<C: LossChoice> State<C> {
    /// A training before its first step: with a new network, or with the weights of `initial`.
    pub(super) fn new(
        material: &Material<'_, C>,
        initial: Option<&Initial>,
        notify: Notify<'_>,
    ) -> Result<Self, TrainError> {
        let device = material.device.clone().autodiff();
        let Begun {
            network,
            initial,
            words,
        } = material.begun(material.new_network(&device)?, initial, &device)?;
        if let Some(words) = &words {
            notify(Notice::Taken(words));
        }
        let average = Average::new(material.config.average, &network);
        Ok(Self {
            optimiser: optimiser(material, &network)?,
            network,
            average,
            progress: Progress::default(),
            coverage: covered(material, 0),
            collapsed: false,
            initial,
        })
    }

    /// A training where its run goes on: at its newest whole checkpoint. What is wrong with others is told.
    pub(super) fn resumed(
        material: &Material<'_, C>,
        run: &RunDirectory,
        notify: Notify<'_>,
    ) -> Result<Self, TrainError> {
        let network = material.new_network(&material.device.clone().autodiff())?;
        let new = optimiser(material, &network)?;
        let resumed = run.resume(&network, || new.clone(), material.config.average)?;
        for warning in &resumed.warnings {
            notify(Notice::Warning(warning));
        }
        let Resumed {
            network,
            optimiser,
            average,
            progress,
            ..
        } = resumed;
        Ok(Self {
            network,
            optimiser,
            average,
            coverage: covered(material, progress.step),
            progress,
            collapsed: false,
            initial: InitialOrigin::read(run.path())?,
        })
    }

    /// The network that is evaluated as it stands, ready to embed: the one in training, or its mean.
    pub(super) fn bundle(
        &self,
        material: &Material<'_, C>,
        origin: &Origin,
    ) -> Result<Bundle, TrainError> {
        let config = material.config;
        let encoder = self.average.of(&self.network).into_encoder();
        let recordings = match encoder.needs_statistics() || config.centre {
            true => material.sample(SAMPLE_RECORDINGS, false),
            false => Vec::new(),
        };
        let embedder = Embedder::of_training(
            material.front_end.clone(),
            encoder,
            config.segmentation,
            config.centre,
            &recordings,
            &material.device,
        )?;
        let initial = self.initial.as_ref();
        let origin = Origin {
            step: self.progress.step,
            data: match initial {
                Some(initial) => initial.described(&origin.data),
                None => origin.data.clone(),
            },
            ..origin.clone()
        };
        let speakers = TrainingSpeakers::of(material.manifest.speakers());
        Ok(Bundle::new(embedder, origin).with_training_speakers(speakers))
    }

    /// The last evaluation, which gave these thresholds.
    pub(super) fn evaluation(&self, best: bool, fitted: Fitted) -> Evaluation {
        let progress = &self.progress;
        Evaluation {
            step: progress.step,
            mean_eer: mean_eer(&progress.last),
            untrained_eer: mean_eer(&progress.untrained),
            lists: progress.last.clone(),
            best,
            thresholds: fitted.thresholds,
            no_thresholds: fitted.missing,
        }
    }
}
