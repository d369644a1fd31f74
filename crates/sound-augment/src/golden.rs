//! What SciPy made of the same samples, for the tests.

use serde_json::Value;

pub(crate) fn filters() -> Value {
    serde_json::from_str(include_str!("../tests/golden/filters.json")).unwrap()
}

pub(crate) fn floats(value: &Value) -> Vec<f32> {
    let values = value.as_array().unwrap().iter();
    values.map(|v| v.as_f64().unwrap() as f32).collect()
}

pub(crate) fn assert_near(found: &[f32], expected: &[f32], tolerance: f32) {
    assert!(found.len() <= expected.len());
    for (n, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!(
            (found - expected).abs() < tolerance,
            "{n}: {found} {expected}"
        );
    }
}
