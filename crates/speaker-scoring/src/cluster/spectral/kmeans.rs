//! Points around a given number of centres.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rayon::prelude::*;

/// Passes that a start takes at most; it takes some ten.
const MAX_PASSES: usize = 200;

/// A partition into clusters, none of them empty.
struct Partition {
    labels: Vec<usize>,
    /// The sum of squared distances of points to their centres.
    spread: f64,
}

/// The cluster of each of `points` `[points, dim]` in a partition into exactly `num_clusters`, of 1 to as many as there are points: the best of
/// `num_starts` runs of Lloyd's algorithm from centres drawn as k-means++ does (Arthur and Vassilvitskii 2007). Equal points
/// are parted where the number calls for it.
///
/// Each start draws from its own stream of `seed`, so that threads do not matter.
pub(super) fn kmeans(
    points: &[f64],
    dim: usize,
    num_clusters: usize,
    num_starts: usize,
    seed: u64,
) -> Vec<usize> {
    let starts: Vec<Partition> = (0..num_starts.max(1) as u64)
        .into_par_iter()
        .map(|start| {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            random.set_stream(start);
            lloyd(points, dim, num_clusters, &mut random)
        })
        .collect();
    let best = starts.into_iter().reduce(|best, next| {
        if next.spread < best.spread {
            next
        } else {
            best
        }
    });
    best.map_or_else(Vec::new, |best| best.labels)
}

fn lloyd(points: &[f64], dim: usize, num_clusters: usize, random: &mut ChaCha8Rng) -> Partition {
    let mut centres = drawn(points, dim, num_clusters, random);
    let (mut labels, mut distances) = assigned(points, &centres, dim);
    for _ in 0..MAX_PASSES {
        fill_empty(&mut labels, &mut distances, num_clusters);
        move_centres(&mut centres, points, &labels, dim);
        let (next, next_distances) = assigned(points, &centres, dim);
        let is_done = next == labels;
        (labels, distances) = (next, next_distances);
        if is_done {
            break;
        }
    }
    fill_empty(&mut labels, &mut distances, num_clusters);
    Partition {
        labels,
        spread: distances.iter().sum(),
    }
}

/// `[clusters, dim]`: each a point, drawn by its squared distance to those before; any where all stand on centres.
fn drawn(points: &[f64], dim: usize, num_clusters: usize, random: &mut ChaCha8Rng) -> Vec<f64> {
    let num_points = points.len() / dim;
    // 53 bits, which is all that a share holds.
    let mut share = || (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
    let mut centres = Vec::with_capacity(num_clusters * dim);
    let mut nearest = vec![f64::INFINITY; num_points];
    let mut chosen = (share() * num_points as f64) as usize;
    for number in 0..num_clusters {
        let centre = &points[chosen * dim..(chosen + 1) * dim];
        centres.extend_from_slice(centre);
        for (nearest, point) in nearest.iter_mut().zip(points.chunks_exact(dim)) {
            *nearest = nearest.min(squared(point, centre));
        }
        if number + 1 == num_clusters {
            break;
        }
        let mut left = share() * nearest.iter().sum::<f64>();
        // Where rounding leaves something over, the last point that is no centre.
        let last = nearest.iter().rposition(|&distance| distance > 0.0);
        let falls = nearest.iter().position(|&distance| {
            left -= distance;
            left < 0.0
        });
        chosen = falls.or(last).unwrap_or(0);
    }
    centres
}

/// The nearest centre of each point, the first of equally near ones, and its squared distance.
fn assigned(points: &[f64], centres: &[f64], dim: usize) -> (Vec<usize>, Vec<f64>) {
    points
        .chunks_exact(dim)
        .map(|point| {
            let mut best = (0, f64::INFINITY);
            for (number, centre) in centres.chunks_exact(dim).enumerate() {
                let distance = squared(point, centre);
                if distance < best.1 {
                    best = (number, distance);
                }
            }
            best
        })
        .unzip()
}

/// Gives each empty cluster the point that is farthest from its centre among those that are not alone.
fn fill_empty(labels: &mut [usize], distances: &mut [f64], num_clusters: usize) {
    let mut sizes = vec![0_usize; num_clusters];
    labels.iter().for_each(|&label| sizes[label] += 1);
    for empty in 0..num_clusters {
        if sizes[empty] > 0 {
            continue;
        }
        let spare = (0..labels.len()).filter(|&point| sizes[labels[point]] > 1);
        let farthest = spare.reduce(|best, next| match distances[next] > distances[best] {
            true => next,
            false => best,
        });
        if let Some(point) = farthest {
            sizes[labels[point]] -= 1;
            sizes[empty] = 1;
            labels[point] = empty;
            distances[point] = 0.0;
        }
    }
}

/// Moves each centre to the mean of its points.
fn move_centres(centres: &mut [f64], points: &[f64], labels: &[usize], dim: usize) {
    centres.fill(0.0);
    let mut sizes = vec![0_usize; centres.len() / dim];
    for (point, &label) in points.chunks_exact(dim).zip(labels) {
        sizes[label] += 1;
        let centre = &mut centres[label * dim..(label + 1) * dim];
        centre.iter_mut().zip(point).for_each(|(sum, v)| *sum += v);
    }
    for (centre, size) in centres.chunks_exact_mut(dim).zip(sizes) {
        centre
            .iter_mut()
            .for_each(|value| *value /= size.max(1) as f64);
    }
}

fn squared(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_on_a_line_are_found() {
        let points = [0.0, 0.1, 5.0, 5.2, 9.0, 0.2, 9.1];
        let labels = kmeans(&points, 1, 3, 4, 7);
        let groups = [0, 0, 1, 1, 2, 0, 2];
        for i in 0..points.len() {
            for j in 0..i {
                assert_eq!(labels[i] == labels[j], groups[i] == groups[j], "{i} {j}");
            }
        }
    }

    #[test]
    fn equal_points_are_parted_where_the_number_calls_for_it() {
        for num_clusters in 1..=5 {
            let mut labels = kmeans(&[2.0; 10], 2, num_clusters, 3, 1);
            labels.sort_unstable();
            labels.dedup();
            assert_eq!(labels.len(), num_clusters);
        }
    }

    #[test]
    fn threads_do_not_matter() {
        let points: Vec<f64> = (0..300).map(|at| (at as f64 * 1.7).sin()).collect();
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.unwrap().install(|| kmeans(&points, 3, 6, 8, 5))
        };
        assert_eq!(run(1), run(3));
    }
}
