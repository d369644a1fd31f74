//! What several losses are made of.

pub(super) mod affine;
pub(super) mod centres;
pub(super) mod head;
pub(super) mod margin;
pub(super) mod margin_softmax;
pub(super) mod nearest;
pub(super) mod rows;
pub(super) mod speakers;
pub(super) mod teacher_map;
pub(super) mod weighting;
