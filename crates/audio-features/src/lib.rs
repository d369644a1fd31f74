//! Recordings to samples to log-mel features.
