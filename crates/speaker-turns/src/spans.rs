//! Sets of times as disjoint spans of whole nanoseconds.

/// Disjoint spans, none of them empty or touching the next, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Spans(Vec<(i64, i64)>);

impl Spans {
    /// The union of any spans; empty and reversed ones are left out.
    pub(crate) fn new(spans: impl IntoIterator<Item = (i64, i64)>) -> Self {
        let mut spans: Vec<_> = spans.into_iter().filter(|span| span.0 < span.1).collect();
        spans.sort_unstable();
        let mut joined: Vec<(i64, i64)> = Vec::with_capacity(spans.len());
        for (start, end) in spans {
            match joined.last_mut() {
                Some(last) if start <= last.1 => last.1 = last.1.max(end),
                _ => joined.push((start, end)),
            }
        }
        Self(joined)
    }

    /// All times that metrics can meet.
    pub(crate) fn everything() -> Self {
        Self(vec![(i64::MIN, i64::MAX)])
    }

    /// When two or more of the sets hold.
    pub(crate) fn overlaps(sets: &[Self]) -> Self {
        let mut events: Vec<(i64, i32)> = Vec::new();
        for (start, end) in sets.iter().flat_map(Self::iter) {
            events.extend([(start, 1), (end, -1)]);
        }
        // Ends come first, so that what touches does not overlap.
        events.sort_unstable();
        let mut spans = Vec::new();
        let (mut active, mut since) = (0, 0);
        for (at, change) in events {
            let before = active;
            active += change;
            if before == 1 && active == 2 {
                since = at;
            } else if before == 2 && active == 1 {
                spans.push((since, at));
            }
        }
        Self::new(spans)
    }

    /// The spans, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (i64, i64)> {
        self.0.iter().copied()
    }

    /// The length of all (ns).
    pub(crate) fn total(&self) -> i128 {
        self.iter()
            .map(|(start, end)| i128::from(end) - i128::from(start))
            .sum()
    }

    /// What both hold.
    pub(crate) fn and(&self, other: &Self) -> Self {
        let mut both = Vec::new();
        let (mut a, mut b) = (self.0.iter().peekable(), other.0.iter().peekable());
        while let (Some(&&left), Some(&&right)) = (a.peek(), b.peek()) {
            let (start, end) = (left.0.max(right.0), left.1.min(right.1));
            if start < end {
                both.push((start, end));
            }
            match left.1 <= right.1 {
                true => a.next(),
                false => b.next(),
            };
        }
        Self(both)
    }

    /// What this holds and the other does not.
    pub(crate) fn without(&self, other: &Self) -> Self {
        let mut rest = Vec::with_capacity(other.0.len() + 1);
        let mut from = i64::MIN;
        for (start, end) in other.iter() {
            if from < start {
                rest.push((from, start));
            }
            from = end;
        }
        if from < i64::MAX {
            rest.push((from, i64::MAX));
        }
        self.and(&Self(rest))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn spans() -> impl Strategy<Value = Spans> {
        prop::collection::vec((0_i64..40, 0_i64..9), 0..8).prop_map(|spans| {
            Spans::new(
                spans
                    .into_iter()
                    .map(|(start, length)| (start, start + length)),
            )
        })
    }

    fn holds(spans: &Spans, at: i64) -> bool {
        spans.iter().any(|(start, end)| start <= at && at < end)
    }

    proptest! {
        #[test]
        fn operations_hold_at_every_instant(a in spans(), b in spans(), c in spans()) {
            let (both, rest) = (a.and(&b), a.without(&b));
            let overlaps = Spans::overlaps(&[a.clone(), b.clone(), c.clone()]);
            let mut length = 0;
            for at in -1..60 {
                let active = [&a, &b, &c].map(|set| holds(set, at));
                length += i128::from(active[0]);
                prop_assert_eq!(holds(&both, at), active[0] && active[1]);
                prop_assert_eq!(holds(&rest, at), active[0] && !active[1]);
                prop_assert_eq!(holds(&overlaps, at), active.iter().filter(|&&on| on).count() >= 2);
            }
            prop_assert_eq!(a.total(), length);
            prop_assert_eq!(a.and(&Spans::everything()), a);
        }
    }
}
