//! Elements taken from a value whose numbers may be known.

use crate::value::{MOST_KNOWN, Value};

/// Takes the elements at these places, where their numbers are known and few.
pub(super) fn taken(value: &Value, shape: Vec<u64>, place: impl Fn(u64) -> usize) -> Value {
    let mut made = Value::unknown(value.kind, shape);
    if let Some(numbers) = &value.numbers
        && made.len() <= MOST_KNOWN
    {
        let chosen: Option<Vec<f64>> = (0..made.len())
            .map(|index| numbers.get(place(index)).copied())
            .collect();
        if let Some(chosen) = chosen {
            made = Value::known(made.kind, made.shape, chosen);
        }
    }
    made
}
