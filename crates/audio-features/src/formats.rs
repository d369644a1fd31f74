//! What is read, in words: for messages and documentation alike.

/// Formats that are decoded.
macro_rules! formats {
    () => {
        "WAV (RF64, BW64, Wave64 too), FLAC, MP3 and MPEG layers I and II, Ogg Vorbis, MP4/M4A (AAC, ALAC, FLAC, MP3, PCM), ADTS AAC, AIFF, CAF, AU or NIST SPHERE"
    };
}
pub(crate) use formats;
