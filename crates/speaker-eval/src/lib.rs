//! How good embeddings are: EER, minDCF, clustering and its error rates.
