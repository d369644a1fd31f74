//! Trainings that are spoiled on purpose, and healthy ones: does the diagnosis find the cause, does its advice help, and is it
//! quiet where nothing is wrong?
//!
//! `cases` is the table, `spoil` what it does to recordings, labels and lists, `trial` drives `siamang` and judges.

pub(crate) mod bases;
pub(crate) mod case;
pub(crate) mod cases;
pub(crate) mod corpora;
pub(crate) mod kit;
pub(crate) mod lists;
pub(crate) mod material;
pub(crate) mod spoil;
pub(crate) mod trial;
pub(crate) mod write;
