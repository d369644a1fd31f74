//! What a register knows of a voice.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

use crate::error::RegisterError;

/// Characters of the longest name.
const LONGEST_NAME: usize = 200;

/// The name of a voice as it is kept: the same text in another Unicode form is the same name.
///
/// # Errors
/// [`RegisterError::BadName`].
pub fn voice_name(name: &str) -> Result<String, RegisterError> {
    let bad = |found| RegisterError::BadName {
        name: name.chars().take(LONGEST_NAME).collect(),
        found,
    };
    let composed: String = name.trim().nfc().collect();
    if composed.is_empty() {
        return Err(bad("it is empty"));
    }
    if composed.chars().any(char::is_control) {
        return Err(bad("it has a line end, a tab or another control character"));
    }
    if composed.chars().count() > LONGEST_NAME {
        return Err(bad("it has more than 200 characters"));
    }
    Ok(composed)
}

/// What is kept of a recording beside its vector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// Hash of its content: one recording is not enrolled twice.
    pub hash: String,
    /// Where it was, as it is shown.
    pub place: String,
    /// On which occasion it was made, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// What its speaker agreed to, or whatever else was noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// When it was enrolled, in seconds since 1970.
    pub enrolled_at: u64,
    /// Whatever else the caller keeps, such as how it sounds.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub facts: Value,
}

/// A recording of a voice.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What is known of it.
    pub about: About,
    /// Its vector, `[dim]`, of length 1.
    pub vector: Vec<f32>,
}

/// A voice with all of its recordings.
#[derive(Clone, Debug, PartialEq)]
pub struct Voice {
    /// Its name.
    pub name: String,
    /// Its recordings, the first first.
    pub entries: Vec<Entry>,
}

impl Voice {
    /// The one vector that stands for it, see [`centre`].
    #[must_use]
    pub fn centre(&self) -> Vec<f32> {
        centre(
            self.entries
                .iter()
                .map(|entry| (entry.about.session.as_deref(), entry.vector.as_slice())),
        )
    }
}

/// One vector of length 1 for recordings of one voice: the mean over occasions of the means over their recordings, so that an occasion
/// with many recordings counts no more than another. Recordings of no known session are one occasion. Where the mean has no direction it
/// is the first recording's vector; of no recordings it is empty.
pub fn centre<'a>(recordings: impl Iterator<Item = (Option<&'a str>, &'a [f32])>) -> Vec<f32> {
    let mut sessions: Vec<(Option<&str>, Vec<f64>, f64)> = Vec::new();
    let mut first: &[f32] = &[];
    for (session, vector) in recordings {
        if sessions.is_empty() {
            first = vector;
        }
        let at = sessions.iter().position(|(known, ..)| *known == session);
        let at = at.unwrap_or_else(|| {
            sessions.push((session, vec![0.0; vector.len()], 0.0));
            sessions.len() - 1
        });
        let (_, sum, count) = &mut sessions[at];
        *count += 1.0;
        for (sum, &value) in sum.iter_mut().zip(vector) {
            *sum += f64::from(value);
        }
    }
    let mut mean = vec![0.0; first.len()];
    for (_, sum, count) in &sessions {
        for (mean, sum) in mean.iter_mut().zip(sum) {
            *mean += sum / count;
        }
    }
    let length = mean.iter().map(|value| value * value).sum::<f64>().sqrt();
    match length > 1e-6 {
        true => mean.iter().map(|value| (value / length) as f32).collect(),
        false => first.to_vec(),
    }
}

/// The product of two vectors, summed in 64 bits.
#[must_use]
pub fn product(a: &[f32], b: &[f32]) -> f64 {
    const LANES: usize = 8;
    let (a_chunks, a_rest) = a.as_chunks::<LANES>();
    let (b_chunks, b_rest) = b.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for (a, b) in a_chunks.iter().zip(b_chunks) {
        for lane in 0..LANES {
            sums[lane] += f64::from(a[lane]) * f64::from(b[lane]);
        }
    }
    let rest = a_rest.iter().zip(b_rest);
    sums.iter().sum::<f64>()
        + rest
            .map(|(a, b)| f64::from(*a) * f64::from(*b))
            .sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_another_unicode_form_are_the_same() {
        let composed = voice_name("Zo\u{eb}").unwrap();
        assert_eq!(voice_name("Zoe\u{308}").unwrap(), composed);
        assert_eq!(
            voice_name("  Ann B. \u{1f600} ").unwrap(),
            "Ann B. \u{1f600}"
        );
        for bad in ["", "  ", "a\nb", "a\tb", "\0", &"x".repeat(201)] {
            assert!(matches!(
                voice_name(bad),
                Err(RegisterError::BadName { .. })
            ));
        }
        assert!(voice_name(&"x".repeat(200)).is_ok());
    }

    #[test]
    fn occasions_count_alike() {
        let (x, y) = ([1.0, 0.0], [0.0, 1.0]);
        let many = [
            (Some("a"), &x[..]),
            (Some("a"), &x[..]),
            (Some("b"), &y[..]),
        ];
        let half = 0.5_f32.sqrt();
        assert_eq!(centre(many.into_iter()), [half, half]);
        let one = [(None, &x[..]), (None, &x[..]), (None, &y[..])];
        let length = 5.0_f32.sqrt();
        assert_eq!(centre(one.into_iter()), [2.0 / length, 1.0 / length]);
        let opposite = [(None, &x[..]), (None, &[-1.0, 0.0][..])];
        assert_eq!(centre(opposite.into_iter()), x);
        assert!(centre(std::iter::empty()).is_empty());
    }

    #[test]
    fn products_are_sums_of_products() {
        let a: Vec<f32> = (0..19).map(|value| value as f32).collect();
        assert_eq!(
            product(&a, &a),
            (0..19).map(|value| f64::from(value * value)).sum::<f64>()
        );
    }
}
