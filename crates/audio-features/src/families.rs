//! The front ends of networks that others trained, to the last constant. One place for all of them: a wrong window or a mean that
//! is missing makes everybody one speaker, and nothing says so.

use crate::feature_config::{
    Compression, FeatureConfig, Framing, MelScale, Normalisation, PreemphasisOver, WindowShape,
};
use crate::windows::Windows;

impl FeatureConfig {
    /// The front end of a family of networks by its name: `wespeaker`, `3d-speaker`, `nemo`, `speechbrain`, `resemblyzer`.
    ///
    /// Networks of one family may take another number of bands (SpeechBrain's x-vector 24, ReDimNet 72).
    pub fn of_family(name: &str) -> Option<Self> {
        Some(match name {
            "wespeaker" => Self::wespeaker(),
            "3d-speaker" => Self::speaker_3d(),
            "nemo" => Self::nemo(),
            "speechbrain" => Self::speechbrain(),
            "resemblyzer" => Self::resemblyzer(),
            _ => return None,
        })
    }

    /// WeSpeaker's (`wespeaker/cli/speaker.py`, `diar/make_fbank.py`): [`FeatureConfig::kaldi`] with a Hamming window, and
    /// the recording's mean subtracted. Its commands take Povey's window and samples in [-1, 1] for the networks that are
    /// 3D-Speaker's.
    pub fn wespeaker() -> Self {
        Self {
            window: WindowShape::Hamming,
            normalisation: Normalisation::Utterance,
            ..Self::kaldi()
        }
    }

    /// 3D-Speaker's (`speakerlab/process/processor.py`, which calls torchaudio's Kaldi functions): [`FeatureConfig::kaldi`]
    /// with samples in [-1, 1], and the recording's mean subtracted.
    pub fn speaker_3d() -> Self {
        Self {
            sample_scale: 1.0,
            normalisation: Normalisation::Utterance,
            ..Self::kaldi()
        }
    }

    /// NeMo's `FilterbankFeatures` (2.x) as TitaNet, SpeakerNet and its ECAPA-TDNN are configured: symmetric Hann window of 400
    /// samples in a transform of 512, zeros at both ends, preemphasis over the recording, 80 Slaney bands, power, `ln(x + 2^-24)`,
    /// each band's mean and deviation.
    ///
    /// The frames are those that NeMo takes for valid. Behind them it puts zeros up to a multiple of 16 frames and tells the network
    /// how many are valid; that is for whoever runs the network.
    pub fn nemo() -> Self {
        Self {
            sample_rate_hz: 16_000,
            window_samples: 400,
            hop_samples: 160,
            fft_size: 512,
            num_bins: 80,
            mel_scale: MelScale::Slaney,
            low_hz: 0.0,
            high_hz: 8_000.0,
            framing: Framing::CentredZerosWholeHops,
            window: WindowShape::HannSymmetric,
            preemphasis: 0.97,
            preemphasis_over: PreemphasisOver::Recording,
            remove_dc: false,
            compression: Compression::LnGuarded,
            sample_scale: 1.0,
            least_level_dbfs: None,
            whole_windows: None,
            top_db: None,
            normalisation: Normalisation::UtteranceDeviation,
            speech_activity: None,
            relative_level: None,
        }
    }

    /// SpeechBrain's `Fbank` with 80 bands and `InputNormalization(norm_type="sentence", std_norm=False)`: periodic Hamming window
    /// and transform of 400 samples, zeros at both ends, dB with a floor of 1e-10 and of 80 dB below the highest value, the
    /// recording's mean.
    pub fn speechbrain() -> Self {
        Self {
            fft_size: 400,
            mel_scale: MelScale::SpeechBrain,
            framing: Framing::CentredZeros,
            window: WindowShape::HammingPeriodic,
            preemphasis: 0.0,
            preemphasis_over: PreemphasisOver::Frame,
            compression: Compression::Decibel,
            top_db: Some(80.0),
            normalisation: Normalisation::Utterance,
            ..Self::nemo()
        }
    }

    /// Resemblyzer's `wav_to_mel_spectrogram` with librosa 0.10 and later (before, recordings were mirrored at their ends): 40
    /// Slaney bands of power, no logarithm, nothing subtracted.
    ///
    /// Before it, quiet recordings are made as loud as -30 dBFS, and zeros are put behind them until the network's last window is
    /// whole. What webrtcvad takes for silence is left in ([Resemblyzer's `trim_long_silences`]).
    ///
    /// [Resemblyzer's `trim_long_silences`]: https://github.com/resemble-ai/Resemblyzer/blob/master/resemblyzer/audio.py
    pub fn resemblyzer() -> Self {
        Self {
            fft_size: 400,
            num_bins: 40,
            framing: Framing::CentredZeros,
            window: WindowShape::Hann,
            preemphasis: 0.0,
            preemphasis_over: PreemphasisOver::Frame,
            compression: Compression::Power,
            least_level_dbfs: Some(-30.0),
            whole_windows: Some(Windows::RESEMBLYZER),
            normalisation: Normalisation::None,
            ..Self::nemo()
        }
    }

    /// What sherpa-onnx feeds to networks of speakers: [`FeatureConfig::kaldi`] with recordings mirrored at both ends and bands up
    /// to 7600 Hz. A network that is to run there is trained on it.
    pub fn sherpa() -> Self {
        Self {
            framing: Framing::KaldiMirrored,
            high_hz: 7_600.0,
            ..Self::kaldi()
        }
    }
}
