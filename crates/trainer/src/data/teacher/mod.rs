//! What a teacher makes of the recordings of a training: computed once, and kept on disk.

mod cache;
mod lessons;
mod vectors;

use std::fmt;

use speaker_model::{Bundle, Embedder, TeacherOrigin};

pub(crate) use lessons::Lessons;
pub(crate) use vectors::TeacherVectors;

/// A model that a training learns from: any that there is a bundle of, with a front end and a rate of its own.
#[derive(Clone)]
pub struct Teacher {
    embedder: Embedder,
    origin: TeacherOrigin,
}

impl Teacher {
    /// The model of `bundle`, called `name`; `hash` is that of its files ([`Bundle::hash`]).
    #[must_use]
    pub fn new(bundle: &Bundle, name: impl Into<String>, hash: impl Into<String>) -> Self {
        Self {
            embedder: bundle.embedder().clone(),
            origin: TeacherOrigin {
                name: name.into(),
                commit: bundle.config().origin.commit.clone(),
                hash: hash.into(),
            },
        }
    }

    /// Its name, and what tells it from others.
    #[must_use]
    pub fn origin(&self) -> &TeacherOrigin {
        &self.origin
    }

    /// What makes its embeddings.
    pub(crate) fn embedder(&self) -> &Embedder {
        &self.embedder
    }
}

impl fmt::Debug for Teacher {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Teacher");
        shown.field("origin", &self.origin).finish_non_exhaustive()
    }
}
