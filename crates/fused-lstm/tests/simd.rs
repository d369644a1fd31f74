//! The choice of instructions, alone in its process: it is the process's.
// Helpers of tests, which clippy does not see as tests.
#![allow(clippy::expect_used)]

use fused_lstm::{Precision, Simd, SimdError, set_simd};

#[test]
fn a_choice_holds_until_it_is_taken_back() {
    let before = Simd::chosen();
    set_simd(Some(Simd::Portable)).expect("everywhere");
    assert_eq!(Simd::chosen(), Ok(Simd::Portable));
    set_simd(None).expect("nothing to refuse");
    assert_eq!(Simd::chosen(), before);
}

#[test]
fn names_are_read_as_they_are_written() {
    for simd in Simd::available() {
        assert_eq!(simd.to_string().parse(), Ok(simd));
    }
    for precision in [Precision::F32, Precision::Bf16] {
        assert_eq!(precision.to_string().parse(), Ok(precision));
    }
    assert!(Simd::available().contains(&Simd::best()));
    assert!(Precision::F32.is_native(Simd::best()));
    assert!(!Precision::Bf16.is_native(Simd::Portable));
}

#[test]
fn what_is_not_there_is_refused_with_what_is() {
    let error = "sse9".parse::<Simd>().expect_err("no such");
    let available = Simd::available();
    let names: Vec<String> = available.iter().map(Simd::to_string).collect();
    assert_eq!(
        error.to_string(),
        format!(
            "this processor has no SIMD instructions called `sse9`, expected one of {}",
            names.join(", ")
        )
    );
    let foreign = if cfg!(target_arch = "aarch64") {
        Simd::Avx2
    } else {
        Simd::Neon
    };
    let refused = SimdError {
        name: foreign.to_string(),
        available,
    };
    assert_eq!(set_simd(Some(foreign)), Err(refused));
    let error = "f16".parse::<Precision>().expect_err("no such");
    assert_eq!(
        error.to_string(),
        "there is no precision called `f16`, expected f32 or bf16"
    );
}
