//! What a sabotage does, one file a place where it is done. Everything is drawn from the case's own generator.

#[cfg(test)]
pub(crate) mod example;
pub(crate) mod filters;
pub(crate) mod labels;
pub(crate) mod leaks;
pub(crate) mod sounds;
pub(crate) mod trials;
