//! What a loss is a function of, beside the network's outputs: who speaks, what a teacher says, and when.

use crate::ModelError;

/// The labels of a batch, and when it comes.
#[derive(Clone, Copy, Debug, Default)]
pub struct LossBatch<'a> {
    /// Speaker of each segment that has a label, as a number below that of the training's speakers.
    pub labels: &'a [usize],
    /// Pairs of segments, where the sampler draws pairs.
    pub pairs: Option<&'a [(usize, usize)]>,
    /// Training steps before this one. What changes over a training, such as a margin, is a function of it alone, so that a
    /// run that is resumed goes on as it would have.
    pub step: u64,
    /// Segments behind the labelled ones of which nobody knows the speaker.
    pub num_unlabelled: usize,
    /// What a teacher makes of the segments' recordings, where the training has a teacher.
    pub teacher: Option<TeacherRows<'a>>,
}

/// What a teacher makes of the recordings of a batch's segments.
#[derive(Clone, Copy, Debug)]
pub struct TeacherRows<'a> {
    /// Dimensions of its vectors.
    pub dim: usize,
    /// One vector a segment, labelled or not, of any length but 0: `[batch, dim]`, row-major.
    pub vectors: &'a [f32],
    /// The recording of each segment, as a number.
    pub recordings: &'a [usize],
}

impl<'a> LossBatch<'a> {
    /// Refuses labels and pairs of another batch than one of `num_rows` segments.
    ///
    /// # Errors
    /// [`ModelError::Shape`].
    pub fn check(&self, num_rows: usize) -> Result<(), ModelError> {
        let num_labels = self.labels.len();
        if num_labels + self.num_unlabelled != num_rows {
            return Err(ModelError::Shape {
                what: "labels",
                found: num_labels.to_string(),
                expected: num_rows.saturating_sub(self.num_unlabelled).to_string(),
            });
        }
        let beyond = |&&(a, b): &&(usize, usize)| a.max(b) >= num_labels;
        match self.pairs.unwrap_or_default().iter().find(beyond) {
            Some((a, b)) => Err(ModelError::Shape {
                what: "a pair",
                found: format!("segments {a} and {b}"),
                expected: format!("segments below {num_labels}"),
            }),
            None => Ok(()),
        }
    }

    /// What the teacher says of a batch of `num_rows` segments.
    ///
    /// # Errors
    /// As [`Self::check`], and [`ModelError::Shape`] where no teacher says anything, or of another batch.
    pub fn taught(&self, num_rows: usize) -> Result<TeacherRows<'a>, ModelError> {
        self.check(num_rows)?;
        let expected = format!("one for each of {num_rows} segments");
        let refused = |found: String| ModelError::Shape {
            what: "vectors of a teacher",
            found,
            expected,
        };
        match self.teacher {
            None => Err(refused("none".to_owned())),
            Some(rows)
                if rows.vectors.len() == num_rows * rows.dim
                    && rows.recordings.len() == num_rows =>
            {
                Ok(rows)
            }
            Some(rows) => Err(refused(format!(
                "{} numbers in rows of {} for {} recordings",
                rows.vectors.len(),
                rows.dim,
                rows.recordings.len()
            ))),
        }
    }

    /// The same batch without the segments that have no label, and without what a teacher says.
    #[must_use]
    pub fn labelled(&self) -> Self {
        Self {
            num_unlabelled: 0,
            teacher: None,
            ..*self
        }
    }

    /// The pairs of labelled segments, each with whether one speaker spoke both: those of the sampler or, where it draws none, all
    /// pairs (a, b) with a < b.
    #[must_use]
    pub fn compared(&self) -> Vec<((usize, usize), bool)> {
        let num = self.labels.len();
        let all = || {
            (0..num)
                .flat_map(|a| (a + 1..num).map(move |b| (a, b)))
                .collect()
        };
        let pairs: Vec<(usize, usize)> = self.pairs.map_or_else(all, <[_]>::to_vec);
        let same = |(a, b): (usize, usize)| self.labels.get(a) == self.labels.get(b);
        pairs.into_iter().map(|pair| (pair, same(pair))).collect()
    }
}
