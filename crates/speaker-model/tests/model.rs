//! `EmbeddingModel`: what a caller sees of a model, ours or another.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot prepare its data has failed"
)]

use audio_features::{FeatureConfig, Features, FrontEnd, Windows};
use burn::tensor::Device;
use speaker_model::{
    Embedder, EmbeddingModel, Encoder, EncoderConfig, Initialiser, ModelError, SegmentEmbedding,
    Segmentation,
};

/// A model without a network: the mean frame of each piece of ten frames.
struct MeanFrame(FrontEnd);

fn mean(features: &Features, frames: std::ops::Range<usize>) -> Vec<f32> {
    let count = frames.len() as f32;
    let rows = features.rows(frames);
    let bins = features.num_bins();
    let column = |bin: usize| rows.iter().skip(bin).step_by(bins).sum::<f32>() / count;
    (0..bins).map(column).collect()
}

impl EmbeddingModel for MeanFrame {
    fn front_end(&self) -> &FrontEnd {
        &self.0
    }

    fn dim(&self) -> usize {
        self.0.config().num_bins
    }

    fn embed_features(&self, recordings: &[Features]) -> Result<Vec<Vec<f32>>, ModelError> {
        let recordings = recordings.iter();
        Ok(recordings
            .map(|features| mean(features, 0..features.num_frames()))
            .collect())
    }

    fn embed_segments(
        &self,
        recordings: &[Features],
    ) -> Result<Vec<Vec<SegmentEmbedding>>, ModelError> {
        let hop_s = self.0.config().hop_s();
        let segment = |features: &Features, start: usize| SegmentEmbedding {
            start_s: start as f64 * hop_s,
            end_s: (start + 10) as f64 * hop_s,
            values: mean(features, start..start + 10),
        };
        let of = |features: &Features| {
            let starts = (0..features.num_frames() / 10).map(|piece| 10 * piece);
            starts.map(|start| segment(features, start)).collect()
        };
        Ok(recordings.iter().map(of).collect())
    }
}

fn noise(num_samples: usize) -> Vec<f32> {
    let mut state = 7_u32;
    (0..num_samples)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 24) as f32 - 0.5
        })
        .collect()
}

fn front_end() -> FrontEnd {
    FrontEnd::new(FeatureConfig::kaldi(), None).unwrap()
}

fn ours(segmentation: Segmentation) -> Embedder {
    let device = Device::flex();
    let mut config = EncoderConfig::question();
    let trunk = config
        .trunk
        .downcast_mut::<speaker_model::LstmConfig>()
        .unwrap();
    trunk.hidden = 5;
    let bins = FeatureConfig::kaldi().num_bins;
    let encoder = Encoder::new(bins, &config, &mut Initialiser::seeded(1, &device)).unwrap();
    Embedder::new(front_end(), encoder, segmentation, None, &device).unwrap()
}

#[test]
fn callers_take_any_model() {
    let models: [Box<dyn EmbeddingModel>; 2] = [
        Box::new(MeanFrame(front_end())),
        Box::new(ours(Segmentation::Whole)),
    ];
    let samples = noise(8_000);
    for model in &models {
        let embedding = model.embed(&samples).unwrap();
        assert_eq!(embedding.len(), model.dim());
        let expected = model.self_embeddings().unwrap();
        model.self_test(&expected).unwrap();
        let mut wrong = expected;
        wrong[1].iter_mut().for_each(|value| *value = -*value);
        let error = model.self_test(&wrong).unwrap_err();
        assert!(error.to_string().contains("embeddings[1]"), "{error}");
        assert!(model.self_test(&wrong[..1]).is_err());
    }
    // One that embeds in several threads at once.
    let model = &models[1];
    let found = std::thread::scope(|scope| {
        let threads = [(); 2].map(|()| scope.spawn(|| model.embed(&samples).unwrap()));
        threads.map(|thread| thread.join().unwrap())
    });
    assert_eq!(found[0], found[1]);
}

/// Overlapping windows of 40 frames every 20: their times, and their mean as the recording's embedding.
#[test]
fn segments_have_their_times_and_their_mean_is_the_recordings_embedding() {
    let windows = Segmentation::Windows(Windows {
        frames: 40,
        hop: 20,
    });
    let model = ours(windows).without_scaling();
    // 100 frames, and 30 in the second recording: shorter than a window.
    let recordings = [16_240, 5_040].map(|length| model.front_end().features(&noise(length)));
    assert_eq!(recordings.each_ref().map(Features::num_frames), [100, 30]);
    let segments = model.embed_segments(&recordings).unwrap();
    let times: Vec<Vec<(f64, f64)>> = segments
        .iter()
        .map(|segments| segments.iter().map(|s| (s.start_s, s.end_s)).collect())
        .collect();
    let near = |found: (f64, f64), expected: (f64, f64)| {
        (found.0 - expected.0).abs() < 1e-9 && (found.1 - expected.1).abs() < 1e-9
    };
    let expected = [
        vec![(0.0, 0.4), (0.2, 0.6), (0.4, 0.8), (0.6, 1.0)],
        vec![(0.0, 0.3)],
    ];
    for (times, expected) in times.iter().zip(&expected) {
        assert_eq!(times.len(), expected.len(), "{times:?}");
        assert!(
            times.iter().zip(expected).all(|(&a, &b)| near(a, b)),
            "{times:?}"
        );
    }
    let whole = model.embed_features(&recordings).unwrap();
    for (whole, segments) in whole.iter().zip(&segments) {
        for (unit, value) in whole.iter().enumerate() {
            let sum: f32 = segments.iter().map(|segment| segment.values[unit]).sum();
            assert!((sum / segments.len() as f32 - value).abs() < 1e-5);
        }
    }
}

#[test]
fn an_embedder_of_parts_that_do_not_go_together_is_refused() {
    let device = Device::flex();
    let config = EncoderConfig::question();
    let encoder = |bins| Encoder::new(bins, &config, &mut Initialiser::seeded(1, &device)).unwrap();
    let segmentation = Segmentation::Whole;
    let bins = FeatureConfig::kaldi().num_bins;
    let other = Embedder::new(front_end(), encoder(bins + 1), segmentation, None, &device);
    assert!(matches!(other, Err(ModelError::Shape { .. })));
    let centre = Some(vec![0.0; 3]);
    let short = Embedder::new(front_end(), encoder(bins), segmentation, centre, &device);
    assert!(matches!(short, Err(ModelError::Shape { .. })));
}
