//! Which of many are looked at.

/// At most `most` of the numbers below `count`, spread evenly: a verdict does not hang on which batches a seed draws first.
pub(crate) fn evenly(count: usize, most: usize) -> impl Iterator<Item = usize> {
    let some = count.min(most);
    (0..some).map(move |place| place * count / some)
}
