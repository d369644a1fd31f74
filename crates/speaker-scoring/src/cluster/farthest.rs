//! The farthest two points of two clusters.

use crate::EmbeddingMatrix;
use crate::vectors::dot_f64;

/// Points of unit length, and who is with whom.
pub(crate) struct Farthest {
    points: EmbeddingMatrix,
    /// The points of each cluster, under the one that stands for it.
    members: Vec<Vec<u32>>,
}

impl Farthest {
    /// Each point alone.
    pub(crate) fn new(points: EmbeddingMatrix) -> Self {
        Self {
            members: (0..points.len() as u32).map(|point| vec![point]).collect(),
            points,
        }
    }

    /// Puts the cluster that `b` stands for into that of `a`.
    pub(crate) fn merge(&mut self, a: usize, b: usize) {
        let members = std::mem::take(&mut self.members[b]);
        self.members[a].extend(members);
    }

    /// 1 - the lowest cosine between points of the clusters that `a` and `b` stand for; infinite as soon as a pair is
    /// beyond `limit`.
    pub(crate) fn distance(&self, a: usize, b: usize, limit: f32) -> f32 {
        let mut farthest = 0.0;
        for &a in &self.members[a] {
            for &b in &self.members[b] {
                let dot = dot_f64(self.points.row(a as usize), self.points.row(b as usize));
                let distance = (1.0 - dot) as f32;
                if distance > limit {
                    return f32::INFINITY;
                }
                farthest = distance.max(farthest);
            }
        }
        farthest
    }
}
