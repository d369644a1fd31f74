//! A bidirectional LSTM layer on slices, forward and backward.
