//! Downloading corpora that may be passed on, from whatever mirror is near.

mod catalogue;
mod download;
#[cfg(test)]
mod server;
mod sum;

pub(crate) use catalogue::{CORPORA, find};
pub(crate) use download::{Download, download};
