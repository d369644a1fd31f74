//! Which crops of which utterances go together in step n.
