//! The moments of a recording that count.

use super::ScoringSettings;
use crate::spans::Spans;
use crate::time::nanoseconds;

/// `regions` without what the settings leave out, which depends on the reference alone.
///
/// Boundaries are those where a speaker begins or ends to speak: not those at which two turns of one speaker touch or
/// overlap, as in spy-der. pyannote.metrics and md-eval have a collar there as well.
pub(super) fn scored(regions: &Spans, reference: &[Spans], settings: &ScoringSettings) -> Spans {
    let collar = nanoseconds(settings.half_collar_s);
    let mut left_out = Vec::new();
    if collar > 0 {
        for (start, end) in reference.iter().flat_map(Spans::iter) {
            left_out.push((start - collar, start + collar));
            left_out.push((end - collar, end + collar));
        }
    }
    if settings.skip_overlap {
        left_out.extend(Spans::overlaps(reference).iter());
    }
    regions.without(&Spans::new(left_out))
}
