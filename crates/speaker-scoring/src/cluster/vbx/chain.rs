//! A chain of speakers over time, and how likely each is at each moment, forwards and backwards.

/// Which speaker follows which: the same one with probability `stay`, else one drawn by `shares`, who may be the same.
pub(super) struct Chain<'a> {
    pub(super) stay: f64,
    /// `[speakers]`: how often each speaks, which is also who begins; they add up to 1.
    pub(super) shares: &'a [f64],
}

/// What observations tell of a chain.
pub(super) struct Told {
    /// `[moments, speakers]`: how likely each speaks.
    pub(super) responsibilities: Vec<f64>,
    /// The natural logarithm of the density of all observations.
    pub(super) log_likelihood: f64,
    /// `[speakers]`: how often each is expected to begin, or to be drawn when a moment passes.
    pub(super) drawn: Vec<f64>,
}

impl Chain<'_> {
    /// Of `likelihoods` `[moments, speakers]`, logarithms. Needs some 2 moments · speakers · 8 bytes.
    ///
    /// Who stays keeps one probability and who is drawn depends on nobody before, so that a moment takes as many steps as there are speakers, not
    /// their square. Each moment is made to add up to 1 by itself: large numbers have no small differences.
    pub(super) fn told(&self, likelihoods: &[f64]) -> Told {
        let speakers = self.shares.len();
        let stay = self.stay.ln();
        let leave: Vec<f64> = self
            .shares
            .iter()
            .map(|share| ((1.0 - self.stay) * share).ln())
            .collect();
        // [moments, speakers]: who speaks given all observations up to the moment.
        let mut forward: Vec<f64> = Vec::with_capacity(likelihoods.len());
        // [moments]: the highest likelihood, and what the others add up to beside it.
        let mut highest = Vec::new();
        let mut scales = Vec::new();
        for now in likelihoods.chunks_exact(speakers) {
            let high = now.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let start = forward.len();
            for speaker in 0..speakers {
                let before = match start.checked_sub(speakers) {
                    None => self.shares[speaker].ln(),
                    Some(before) => log_add(forward[before + speaker] + stay, leave[speaker]),
                };
                forward.push(now[speaker] - high + before);
            }
            scales.push(normalise(&mut forward[start..]));
            highest.push(high);
        }
        let log_likelihood = highest.iter().sum::<f64>() + scales.iter().sum::<f64>();

        // What is observed after the moment given the speaker there, but for a factor.
        let mut backward = vec![0.0; speakers];
        let mut ahead = vec![0.0; speakers];
        let mut responsibilities = forward;
        let mut drawn = vec![0.0; speakers];
        for moment in (0..scales.len()).rev() {
            let start = moment * speakers;
            let ways = &mut responsibilities[start..start + speakers];
            ways.iter_mut().zip(&backward).for_each(|(w, b)| *w += b);
            let scale = scales[moment] + normalise(ways);
            ways.iter_mut().for_each(|way| *way = way.exp());
            if moment == 0 {
                drawn.iter_mut().zip(ways).for_each(|(d, way)| *d += *way);
                break;
            }
            for speaker in 0..speakers {
                let seen = likelihoods[start + speaker] - highest[moment] + backward[speaker];
                ahead[speaker] = leave[speaker] + seen;
                // Some of those who speak there; more could only be rounding.
                drawn[speaker] += (ahead[speaker] - scale).exp().min(ways[speaker]);
                backward[speaker] = stay + seen;
            }
            let anybody = log_sum(&ahead);
            let after = backward.iter_mut();
            after.for_each(|same| *same = log_add(*same, anybody));
            normalise(&mut backward);
        }
        Told {
            responsibilities,
            log_likelihood,
            drawn,
        }
    }
}

/// Makes probabilities, by their logarithms, add up to 1, and gives the logarithm of what they added up to.
fn normalise(logarithms: &mut [f64]) -> f64 {
    let sum = log_sum(logarithms);
    logarithms.iter_mut().for_each(|value| *value -= sum);
    sum
}

/// The logarithm of a sum of two, by their logarithms.
fn log_add(a: f64, b: f64) -> f64 {
    let (low, high) = if a < b { (a, b) } else { (b, a) };
    match high == f64::NEG_INFINITY {
        true => high,
        false => high + (low - high).exp().ln_1p(),
    }
}

/// The logarithm of a sum, by the logarithms of its terms.
fn log_sum(terms: &[f64]) -> f64 {
    let high = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    match high == f64::NEG_INFINITY {
        true => high,
        false => {
            high + terms
                .iter()
                .map(|term| (term - high).exp())
                .sum::<f64>()
                .ln()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All ways through three moments, one by one.
    #[test]
    fn sums_are_those_over_all_ways() {
        let shares = [0.5, 0.3, 0.2];
        let densities: [[f64; 3]; 3] = [[0.9, 0.2, 0.1], [0.3, 0.8, 0.4], [0.6, 0.6, 0.1]];
        for stay in [0.0, 0.4, 0.9] {
            let chain = Chain {
                stay,
                shares: &shares,
            };
            let logs: Vec<f64> = densities.as_flattened().iter().map(|d| d.ln()).collect();
            let told = chain.told(&logs);
            let (mut total, mut each) = (0.0, [0.0; 9]);
            let mut drawn = [0.0; 3];
            for way in 0..27 {
                let way = [way / 9, way / 3 % 3, way % 3];
                let step =
                    |a: usize, b: usize| (1.0 - stay) * shares[b] + if a == b { stay } else { 0.0 };
                let chance = shares[way[0]] * step(way[0], way[1]) * step(way[1], way[2]);
                let seen: f64 = (0..3).map(|at| densities[at][way[at]]).product();
                total += chance * seen;
                (0..3).for_each(|at| each[at * 3 + way[at]] += chance * seen);
                drawn[way[0]] += chance * seen;
                for at in 1..3 {
                    let share = (1.0 - stay) * shares[way[at]] / step(way[at - 1], way[at]);
                    drawn[way[at]] += share * chance * seen;
                }
            }
            assert!((told.log_likelihood - f64::ln(total)).abs() < 1e-12);
            for (found, expected) in told.responsibilities.iter().zip(each) {
                assert!((found - expected / total).abs() < 1e-12);
            }
            for (found, expected) in told.drawn.iter().zip(drawn) {
                assert!((found - expected / total).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn what_cannot_be_is_no_trouble() {
        let shares = [1.0, 0.0];
        let chain = Chain {
            stay: 0.0,
            shares: &shares,
        };
        let told = chain.told(&[-1e9, 0.0, -1e9, 0.0]);
        assert_eq!(told.responsibilities, [1.0, 0.0, 1.0, 0.0]);
        assert_eq!(told.log_likelihood, -2e9);
        assert_eq!(
            log_add(f64::NEG_INFINITY, f64::NEG_INFINITY),
            f64::NEG_INFINITY
        );
    }
}
