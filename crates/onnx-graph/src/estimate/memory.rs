//! The peak of a run's memory: values live from the node that makes them to the last that takes them, and what is freed is kept
//! for values that fit into it, as the runtime's pool does.

use std::collections::HashMap;

use crate::net::Id;

/// A node's part in it.
pub(crate) struct Step {
    pub(crate) inputs: Vec<Id>,
    pub(crate) outputs: Vec<(Id, u64)>,
    pub(crate) scratch: u64,
    /// Whether the runtime can write over an input, for which such nodes wait until no other is ready.
    pub(crate) in_place: bool,
}

/// The larger peak of two orders, the file's and the runtime's, and a margin for its bookkeeping.
pub(crate) fn peak(steps: &[Step], given: &[(Id, u64)], output: Id, num_values: usize) -> u64 {
    let file: Vec<usize> = (0..steps.len()).collect();
    let own = runtime_order(steps, given, num_values);
    let peak = allocated(steps, &file, given, output, num_values)
        .max(allocated(steps, &own, given, output, num_values));
    peak.saturating_add(1 << 22)
}

/// The runtime takes of the nodes that are ready the oldest that cannot work in place, else the oldest.
fn runtime_order(steps: &[Step], given: &[(Id, u64)], num_values: usize) -> Vec<usize> {
    let mut ready = vec![false; num_values];
    let mut made = vec![false; num_values];
    for step in steps {
        for &(id, _) in &step.outputs {
            made[id] = true;
        }
    }
    for &(id, _) in given {
        ready[id] = true;
    }
    let mut takers: HashMap<Id, Vec<usize>> = HashMap::new();
    let mut waits: Vec<usize> = Vec::with_capacity(steps.len());
    for (index, step) in steps.iter().enumerate() {
        let mut inputs: Vec<Id> = step
            .inputs
            .iter()
            .copied()
            .filter(|&id| made[id] && !ready[id])
            .collect();
        inputs.sort_unstable();
        inputs.dedup();
        waits.push(inputs.len());
        for id in inputs {
            takers.entry(id).or_default().push(index);
        }
    }
    let mut slow: std::collections::VecDeque<usize> = Default::default();
    let mut cheap: std::collections::VecDeque<usize> = Default::default();
    let push = |slow: &mut std::collections::VecDeque<usize>,
                cheap: &mut std::collections::VecDeque<usize>,
                index: usize| {
        if steps[index].in_place {
            cheap.push_back(index);
        } else {
            slow.push_back(index);
        }
    };
    for (index, _) in waits.iter().enumerate().filter(|(_, waits)| **waits == 0) {
        push(&mut slow, &mut cheap, index);
    }
    let mut order = Vec::with_capacity(steps.len());
    while let Some(index) = slow.pop_front().or_else(|| cheap.pop_front()) {
        order.push(index);
        for (id, _) in &steps[index].outputs {
            for &taker in takers.get(id).map(Vec::as_slice).unwrap_or_default() {
                waits[taker] -= 1;
                if waits[taker] == 0 {
                    push(&mut slow, &mut cheap, taker);
                }
            }
        }
    }
    order
}

/// Bytes that a pool asks the system for: it gives none back while the graph runs.
fn allocated(
    steps: &[Step],
    order: &[usize],
    given: &[(Id, u64)],
    output: Id,
    num_values: usize,
) -> u64 {
    let mut uses = vec![0_u32; num_values];
    for step in steps {
        for &id in &step.inputs {
            uses[id] += 1;
        }
    }
    uses[output] += 1;
    let mut sizes: HashMap<Id, u64> = HashMap::new();
    let mut total = given
        .iter()
        .fold(0_u64, |sum, &(_, bytes)| sum.saturating_add(bytes));
    let mut pool: std::collections::BTreeMap<u64, u32> = Default::default();
    let mut take = |pool: &mut std::collections::BTreeMap<u64, u32>, bytes: u64| {
        if let Some((&found, _)) = pool.range(bytes..).next() {
            match pool.get_mut(&found) {
                Some(count) if *count > 1 => *count -= 1,
                _ => {
                    pool.remove(&found);
                }
            }
            return found;
        }
        total = total.saturating_add(bytes);
        bytes
    };
    for &index in order {
        let step = &steps[index];
        for &(id, bytes) in &step.outputs {
            let got = take(&mut pool, bytes);
            sizes.insert(id, got);
        }
        let scratch = take(&mut pool, step.scratch);
        *pool.entry(scratch).or_default() += 1;
        let free = |pool: &mut std::collections::BTreeMap<u64, u32>,
                    sizes: &mut HashMap<Id, u64>,
                    id: Id| {
            if let Some(bytes) = sizes.remove(&id) {
                *pool.entry(bytes).or_default() += 1;
            }
        };
        for &id in &step.inputs {
            uses[id] -= 1;
            if uses[id] == 0 {
                free(&mut pool, &mut sizes, id);
            }
        }
        // Nobody takes it; the runtime holds it to the end.
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_needs_two_values_and_a_fan_all_of_them() {
        let chain: Vec<Step> = (0..10)
            .map(|index| Step {
                inputs: vec![index],
                outputs: vec![(index + 1, 1000)],
                scratch: 0,
                in_place: false,
            })
            .collect();
        assert_eq!(peak(&chain, &[(0, 8)], 10, 11), 2008 + (1 << 22));
        let mut fan: Vec<Step> = (0..10)
            .map(|index| Step {
                inputs: vec![0],
                outputs: vec![(index + 1, 1000)],
                scratch: 0,
                in_place: false,
            })
            .collect();
        fan.push(Step {
            inputs: (1..11).collect(),
            outputs: vec![(11, 4)],
            scratch: 0,
            in_place: false,
        });
        assert_eq!(peak(&fan, &[(0, 8)], 11, 12), 10_012 + (1 << 22));
    }

    #[test]
    fn growing_values_do_not_fit_into_what_smaller_ones_left() {
        let steps: Vec<Step> = (0..4)
            .map(|index| Step {
                inputs: vec![index],
                outputs: vec![(index + 1, 1000 << index)],
                scratch: 0,
                in_place: false,
            })
            .collect();
        assert_eq!(peak(&steps, &[(0, 0)], 4, 5), 15_000 + (1 << 22));
    }
}
