//! What is held for a recording does not grow with it. The only test of its program, since all threads count.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{load, signal, state};
use speech_segmenter::WindowSettings;

#[global_allocator]
static ALLOCATOR: testing::Counting = testing::Counting::new();

#[test]
fn a_longer_recording_takes_no_more_memory() {
    let segmenter = load(&state()).unwrap();
    let piece = signal("memory", 20 * 16_000);
    let settings = WindowSettings {
        window: 16_000,
        step: 8_000,
    };
    let most = |pieces: usize| {
        ALLOCATOR.most_of(|| {
            let mut stream = segmenter.stream(settings).unwrap();
            for _ in 0..pieces {
                assert_eq!(stream.push(&piece).unwrap().len() % 32, 0);
            }
            assert!(!stream.finish().unwrap().is_empty());
        })
    };
    // The layers' pool of buffers fills up.
    let ((), _) = most(6);
    let (((), short), ((), long)) = (most(2), most(6));
    println!("{short} and {long} bytes");
    assert!(long < short + short / 10, "{short} {long}");
    // Filters' values of 17 s are 8.4 MB, a layer's states of 32 windows of 56 frames 1.8 MB, twice over and gates beside.
    assert!(long < 40_000_000, "{long}");
}
