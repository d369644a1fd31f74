//! What is made of a recording's samples while they are decoded: features and a record of its quality.

use audio_features::{
    Features, FrontEnd, Heard, LogMelStream, Quality, QualityGauge, QualityMeter, SampleSink,
};

/// Takes a recording's samples block by block and holds none of them.
pub(super) struct Hearing<'a> {
    front_end: &'a FrontEnd,
    gauge: &'a QualityGauge,
    log_mel: LogMelStream<'a>,
    meter: QualityMeter<'a>,
}

impl<'a> Hearing<'a> {
    pub(super) fn new(front_end: &'a FrontEnd, gauge: &'a QualityGauge) -> Self {
        Self {
            front_end,
            gauge,
            log_mel: front_end.log_mel_stage().stream(),
            meter: gauge.meter(),
        }
    }

    /// The encoder's input and how the recording sounds.
    pub(super) fn finish(self, heard: &Heard) -> (Features, Quality) {
        let mut features = self.log_mel.finish();
        self.front_end.finish(&mut features);
        (features, self.meter.finish(&heard.warnings))
    }
}

impl SampleSink for Hearing<'_> {
    fn begin(&mut self, num_samples: Option<usize>) {
        self.log_mel = self.front_end.log_mel_stage().stream();
        self.log_mel.reserve(num_samples.unwrap_or(0));
        self.meter = self.gauge.meter();
    }

    fn push(&mut self, samples: &[f32]) {
        self.log_mel.push(samples);
        self.meter.push(samples);
    }
}
