//! From a configuration to a checkpoint: the training loop.
