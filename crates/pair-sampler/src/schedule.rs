//! Which group each step of an epoch takes, and how many batches of it came before.

use crate::draws::{Draws, Purpose};

/// About so many steps are put into random order together.
const BLOCK: u64 = 1024;

/// How an epoch's steps are shared among groups.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Schedule {
    /// Batches of each group in an epoch.
    pub(crate) batches: Vec<u64>,
    /// Their sum.
    pub(crate) steps: u64,
}

impl Schedule {
    /// Shares about `wanted` steps in proportion to `shares` (which sum to 1), so that each group with a share
    /// has at least its number of batches in `least`; the epoch is lengthened where that needs it.
    pub(crate) fn new(wanted: u64, shares: &[f64], least: &[u64]) -> Self {
        let needed = shares
            .iter()
            .zip(least)
            .filter(|&(&share, _)| share > 0.0)
            .map(|(&share, &least)| (least as f64 / share).ceil() as u64)
            .fold(wanted.max(1), u64::max);
        let exact: Vec<f64> = shares.iter().map(|share| share * needed as f64).collect();
        let mut batches: Vec<u64> = exact.iter().map(|e| e.floor() as u64).collect();
        // Largest remainders first, so that the shares are kept as well as whole batches allow.
        let mut by_remainder: Vec<usize> = (0..shares.len()).filter(|&g| shares[g] > 0.0).collect();
        by_remainder.sort_by(|&a, &b| {
            let rest = |g: usize| exact[g] - exact[g].floor();
            rest(b).total_cmp(&rest(a)).then(a.cmp(&b))
        });
        let missing = needed.saturating_sub(batches.iter().sum());
        for &group in by_remainder.iter().take(missing as usize) {
            batches[group] += 1;
        }
        for (batches, (&share, &least)) in batches.iter_mut().zip(shares.iter().zip(least)) {
            if share > 0.0 {
                *batches = (*batches).max(least);
            }
        }
        Self {
            steps: batches.iter().sum(),
            batches,
        }
    }

    /// Group of a step, and the number of batches of that group before it in the epoch. Steps beyond the
    /// epoch's end go on with another lap of the same counts.
    ///
    /// A lap is cut into blocks with their part of every group's batches, and each block is shuffled: the time
    /// taken does not depend on the length of the epoch, and the shares hold within every block.
    pub(crate) fn at(&self, seed: u64, epoch: u64, step: u64) -> (usize, u64) {
        if let [_] = self.batches.as_slice() {
            return (0, step);
        }
        let (lap, step) = (step / self.steps, step % self.steps);
        let num_blocks = self.steps.div_ceil(BLOCK);
        let (mut block, mut end) = (0, num_blocks);
        while end - block > 1 {
            let middle = block + (end - block) / 2;
            if self.before_block(middle, num_blocks).sum::<u64>() <= step {
                block = middle;
            } else {
                end = middle;
            }
        }
        let before: Vec<u64> = self.before_block(block, num_blocks).collect();
        let mut order: Vec<u32> = Vec::new();
        for (group, after) in self.before_block(block + 1, num_blocks).enumerate() {
            let count = (after - before[group]) as usize;
            order.extend(std::iter::repeat_n(group as u32, count));
        }
        Draws::new(Purpose::GroupOrder, &[seed, epoch, lap, block]).shuffle(&mut order);
        let place = (step - before.iter().sum::<u64>()) as usize;
        let number = order[place];
        let earlier = order[..place].iter().filter(|&&g| g == number).count() as u64;
        let group = number as usize;
        (group, lap * self.batches[group] + before[group] + earlier)
    }

    /// Batches of each group before a block of a lap.
    fn before_block(&self, block: u64, num_blocks: u64) -> impl Iterator<Item = u64> {
        let part = move |batches: &u64| {
            (u128::from(*batches) * u128::from(block) / u128::from(num_blocks)) as u64
        };
        self.batches.iter().map(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_shared_by_weight_and_every_group_gets_its_least() {
        let schedule = Schedule::new(100, &[0.5, 0.3, 0.2, 0.0], &[1, 1, 1, 1]);
        assert_eq!(schedule.batches, [50, 30, 20, 0]);
        // The third group needs 40 batches at a fifth of the steps: 200 steps.
        let schedule = Schedule::new(100, &[0.5, 0.3, 0.2, 0.0], &[1, 1, 40, 1]);
        assert_eq!(schedule.batches, [100, 60, 40, 0]);
        let thirds = Schedule::new(100, &[1.0 / 3.0; 3], &[1; 3]);
        assert_eq!(thirds.batches, [34, 33, 33]);
    }

    #[test]
    fn a_lap_takes_each_group_its_number_of_times_in_counted_order() {
        // One block, and five; the last group's batches are fewer than the blocks.
        for steps in [20, 5000] {
            let few = 3.0 / steps as f64;
            let schedule = Schedule::new(steps, &[0.6 - few, 0.4, few], &[1; 3]);
            for lap in 0..3 {
                let mut next: Vec<u64> = schedule.batches.iter().map(|b| lap * b).collect();
                for step in 0..steps {
                    let (group, count) = schedule.at(5, 1, lap * steps + step);
                    assert_eq!(count, next[group]);
                    next[group] += 1;
                }
                for (group, next) in next.iter().enumerate() {
                    assert_eq!(*next, (lap + 1) * schedule.batches[group]);
                }
            }
        }
    }
}
