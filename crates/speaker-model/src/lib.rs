//! Encoders, the KL/hinge loss and bundles.
