//! What changes from step to step.

use diagnosis::journal::{Evaluation, Event};
use speaker_model::{Bundle, Embedder, LossChoice, Origin, SpeakerNetwork, TrainingSpeakers};

use super::checkpoint::{Progress, Resumed, RunDirectory};
use crate::TrainError;
use crate::data::Coverage;
use crate::evaluate::mean_eer;
use crate::material::Material;
use crate::optimise::{Average, Optimiser, Rates};

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
}

impl<C: LossChoice> State<C> {
    /// The network and optimiser to begin with: new ones, or where the run `resumed` goes on those of its newest whole checkpoint;
    /// `warn` is told of others.
    pub(super) fn start(
        material: &Material<'_, C>,
        resumed: Option<&RunDirectory>,
        warn: impl Fn(&str),
    ) -> Result<Self, TrainError> {
        let device = material.device.clone().autodiff();
        let network = material.new_network(&device)?;
        let config = &material.config.optimiser;
        let rates = Rates::new(&config.layers, &network)?;
        let optimiser = || Optimiser::new(config).with_rates(rates.clone());
        let configured = material.config.average;
        let (network, optimiser, average, progress) = match resumed {
            Some(run) => {
                let Resumed {
                    network,
                    optimiser,
                    average,
                    progress,
                    warnings,
                } = run.resume(&network, optimiser, configured)?;
                warnings.iter().for_each(|warning| warn(warning));
                (network, optimiser, average, progress)
            }
            None => {
                let network = material.fitted(network, &device)?;
                let average = Average::new(configured, &network);
                (network, optimiser(), average, Progress::default())
            }
        };
        let sampler = material.sampler();
        let mut coverage = Coverage::new(sampler.num_speakers(), material.heard().utterances.len());
        coverage.replay(&material.schedule, progress.step);
        Ok(Self {
            network,
            optimiser,
            average,
            progress,
            coverage,
            collapsed: false,
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
        let origin = Origin {
            step: self.progress.step,
            ..origin.clone()
        };
        let speakers = TrainingSpeakers::of(material.manifest.speakers());
        Ok(Bundle::new(embedder, origin).with_training_speakers(speakers))
    }

    /// The last evaluation as an event.
    pub(super) fn evaluation(&self, best: bool) -> Event {
        let progress = &self.progress;
        Event::Evaluation(Evaluation {
            step: progress.step,
            mean_eer: mean_eer(&progress.last),
            untrained_eer: mean_eer(&progress.untrained),
            lists: progress.last.clone(),
            best,
        })
    }
}
