//! The assignment of clusters to speakers, one to one, that gets most points right, kept while clusters are merged.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::contingency::Cell;

/// Nobody: of a speaker without a cluster, and the other way round.
const NONE: usize = usize::MAX;

const SPEAKERS: usize = 0;
const CLUSTERS: usize = 1;

/// A best matching of speakers and clusters by the Hungarian method on the cells that are not zero alone.
///
/// Each speaker and each cluster has a price of at least 0; the two prices of a cell sum to its count at least, to
/// exactly that where the two are matched. Where besides nobody unmatched has a price above 0, the prices sum to the
/// number of points that the matching gets right, and no other gets more (linear programming duality). Whoever is
/// unmatched at a price is loose, and [`settle`](Self::settle) mends that along shortest augmenting paths: of all at
/// once by phases, as Hopcroft and Karp do. A merge of two clusters makes three loose at most, so that following a
/// tree is far cheaper than an assignment for each of its cuts; prices sum to an upper bound at any time.
pub(crate) struct Assignment {
    cells: Vec<Edge>,
    /// Speakers and clusters.
    sides: [Side; 2],
    /// Sum of all prices.
    sum: i64,
    /// Of each speaker its cell in the cluster that is merged into, during a merge.
    cell_of: Vec<usize>,
}

struct Edge {
    /// Speaker and cluster.
    ends: [usize; 2],
    /// Points that they share; 0 once the cell has become part of another.
    count: i64,
}

#[derive(Default)]
struct Side {
    price: Vec<i64>,
    mate: Vec<usize>,
    /// Cells of each, some of them gone.
    cells: Vec<Vec<usize>>,
    /// Who may be unmatched at a price.
    loose: Vec<usize>,
    /// Distance from the nearest loose one in a search.
    distance: Vec<i64>,
    /// Who was reached in a search.
    reached: Vec<usize>,
    /// Who was tried in a phase.
    tried: Vec<bool>,
}

impl Side {
    fn new(len: usize, price: i64) -> Self {
        Self {
            price: vec![price; len],
            mate: vec![NONE; len],
            cells: vec![Vec::new(); len],
            loose: Vec::new(),
            distance: vec![i64::MAX; len],
            reached: Vec::new(),
            tried: vec![false; len],
        }
    }

    fn is_loose(&self, one: usize) -> bool {
        self.mate[one] == NONE && self.price[one] > 0
    }

    /// Whether `distance` is less than what is known, which it then replaces.
    fn reach(&mut self, one: usize, distance: i64) -> bool {
        if distance >= self.distance[one] {
            return false;
        }
        if self.distance[one] == i64::MAX {
            self.reached.push(one);
        }
        self.distance[one] = distance;
        true
    }
}

impl Assignment {
    /// Nobody is matched yet. Speakers and clusters are numbered from 0.
    pub(crate) fn new(cells: &[Cell], num_speakers: usize, num_clusters: usize) -> Self {
        let mut sides = [Side::new(num_speakers, 0), Side::new(num_clusters, 0)];
        for (index, cell) in cells.iter().enumerate() {
            sides[SPEAKERS].cells[cell.speaker].push(index);
            sides[CLUSTERS].cells[cell.cluster].push(index);
            let price = &mut sides[SPEAKERS].price[cell.speaker];
            *price = (*price).max(cell.count as i64);
        }
        sides[SPEAKERS].loose = (0..num_speakers).collect();
        let cells = cells.iter().map(|cell| Edge {
            ends: [cell.speaker, cell.cluster],
            count: cell.count as i64,
        });
        Self {
            cells: cells.collect(),
            sum: sides[SPEAKERS].price.iter().sum(),
            sides,
            cell_of: vec![NONE; num_speakers],
        }
    }

    /// No assignment gets more points right.
    pub(crate) fn at_most(&self) -> u64 {
        self.sum as u64
    }

    /// Number of points that the best assignment gets right.
    pub(crate) fn matched(&mut self) -> u64 {
        self.settle(SPEAKERS);
        self.settle(CLUSTERS);
        self.sum as u64
    }

    /// Of each speaker its cluster in the matching that [`matched`](Self::matched) has left.
    pub(crate) fn clusters_of_speakers(&self) -> Vec<Option<usize>> {
        let mates = self.sides[SPEAKERS].mate.iter();
        mates.map(|&mate| (mate != NONE).then_some(mate)).collect()
    }

    /// Makes one cluster of two. Gives the one of them that is left, which has the points of both, and the sum over
    /// all speakers of the product of their points in the two.
    pub(crate) fn merge(&mut self, a: usize, b: usize) -> (usize, u64) {
        let clusters = &mut self.sides[CLUSTERS];
        let (large, small) = match clusters.cells[a].len() < clusters.cells[b].len() {
            true => (b, a),
            false => (a, b),
        };
        let moved = std::mem::take(&mut clusters.cells[small]);
        for cluster in [large, small] {
            self.sum -= self.sides[CLUSTERS].price[cluster];
            self.sides[CLUSTERS].price[cluster] = 0;
            let speaker = std::mem::replace(&mut self.sides[CLUSTERS].mate[cluster], NONE);
            if speaker != NONE {
                self.sides[SPEAKERS].mate[speaker] = NONE;
                self.sides[SPEAKERS].loose.push(speaker);
            }
        }
        for &cell in &self.sides[CLUSTERS].cells[large] {
            self.cell_of[self.cells[cell].ends[SPEAKERS]] = cell;
        }
        let mut products = 0;
        for cell in moved {
            let speaker = self.cells[cell].ends[SPEAKERS];
            match self.cell_of[speaker] {
                NONE => {
                    self.cells[cell].ends[CLUSTERS] = large;
                    self.sides[CLUSTERS].cells[large].push(cell);
                }
                same => {
                    let count = std::mem::take(&mut self.cells[cell].count);
                    products += self.cells[same].count * count;
                    self.cells[same].count += count;
                }
            }
        }
        self.price(large);
        (large, products as u64)
    }

    /// The lowest price that an unmatched cluster may have, and its speaker if one at that price is loose.
    fn price(&mut self, cluster: usize) {
        let (mut price, mut mate) = (0, NONE);
        for &cell in &self.sides[CLUSTERS].cells[cluster] {
            let Edge { ends, count } = &self.cells[cell];
            let speaker = ends[SPEAKERS];
            self.cell_of[speaker] = NONE;
            let wanted = count - self.sides[SPEAKERS].price[speaker];
            let is_loose = self.sides[SPEAKERS].is_loose(speaker);
            if wanted > price || (wanted == price && is_loose && mate == NONE) {
                price = wanted;
                mate = if is_loose { speaker } else { NONE };
            }
        }
        self.sum += price;
        self.sides[CLUSTERS].price[cluster] = price;
        match mate {
            NONE => self.sides[CLUSTERS].loose.push(cluster),
            speaker => {
                self.sides[CLUSTERS].mate[cluster] = speaker;
                self.sides[SPEAKERS].mate[speaker] = cluster;
            }
        }
    }

    /// Leaves nobody of side `from` loose.
    fn settle(&mut self, from: usize) {
        let mut loose = std::mem::take(&mut self.sides[from].loose);
        loose.sort_unstable();
        loose.dedup();
        loop {
            loose.retain(|&one| self.sides[from].is_loose(one));
            if loose.is_empty() {
                break;
            }
            self.adjust(from, &loose);
            for &one in &loose {
                self.augment(from, one);
            }
            for side in &mut self.sides {
                for one in std::mem::take(&mut side.reached) {
                    side.distance[one] = i64::MAX;
                    side.tried[one] = false;
                }
            }
        }
        // The room is used again.
        self.sides[from].loose = loose;
    }

    /// Lowers the prices of the loose ones until a path along cells without slack leads from one of them to somebody
    /// unmatched on the other side, or to somebody of their own at price 0.
    fn adjust(&mut self, from: usize, loose: &[usize]) {
        let [near, far] = sides(&mut self.sides, from);
        let mut heap = BinaryHeap::new();
        let mut end = i64::MAX;
        let mut expand = |near: &mut Side, far: &mut Side, heap: &mut BinaryHeap<_>, one, at| {
            near.reach(one, at);
            let end: &mut i64 = &mut end;
            *end = (*end).min(at + near.price[one]);
            let (price, mate) = (near.price[one], near.mate[one]);
            let cells = &self.cells;
            near.cells[one].retain(|&cell| cells[cell].count > 0);
            for &cell in &near.cells[one] {
                let other = cells[cell].ends[1 - from];
                let there = at + price + far.price[other] - cells[cell].count;
                if other != mate && there < *end && far.reach(other, there) {
                    heap.push(Reverse((there, other)));
                    if far.mate[other] == NONE {
                        *end = there;
                    }
                }
            }
            *end
        };
        let mut until = i64::MAX;
        for &one in loose {
            until = expand(near, far, &mut heap, one, 0);
        }
        while let Some(Reverse((at, other))) = heap.pop() {
            if at >= until {
                break;
            }
            if at == far.distance[other] {
                until = expand(near, far, &mut heap, far.mate[other], at);
            }
        }
        for &one in &near.reached {
            let change = until - near.distance[one].min(until);
            near.price[one] -= change;
            self.sum -= change;
        }
        for &other in &far.reached {
            let change = until - far.distance[other].min(until);
            far.price[other] += change;
            self.sum += change;
        }
    }

    /// Matches the loose `one` along cells without slack, if there is a path whose clusters and speakers nobody has
    /// tried in this phase.
    fn augment(&mut self, from: usize, one: usize) {
        let [near, far] = sides(&mut self.sides, from);
        // Who gives up its mate for which other, and how many of its cells were looked at.
        let mut path = vec![(one, NONE, 0)];
        while let Some((one, chosen, looked)) = path.last_mut() {
            let ends = if near.price[*one] == 0 {
                near.mate[*one] = NONE;
                path.pop();
                true
            } else {
                let mut next = near.cells[*one][*looked..].iter();
                let found = next.find_map(|&cell| {
                    let Edge { ends, count } = &self.cells[cell];
                    let other = ends[1 - from];
                    let is_open = *count > 0 && !far.tried[other];
                    let is_tight = || near.price[*one] + far.price[other] == *count;
                    (is_open && is_tight()).then_some(other)
                });
                *looked = near.cells[*one].len() - next.len();
                let Some(other) = found else {
                    path.pop();
                    continue;
                };
                far.tried[other] = true;
                // So that the mark is taken away again.
                if far.distance[other] == i64::MAX {
                    far.reached.push(other);
                }
                *chosen = other;
                match far.mate[other] {
                    NONE => true,
                    mate => {
                        path.push((mate, NONE, 0));
                        false
                    }
                }
            };
            if ends {
                for (one, other, _) in path {
                    near.mate[one] = other;
                    far.mate[other] = one;
                }
                return;
            }
        }
    }
}

/// The side `from`, and the other.
fn sides(sides: &mut [Side; 2], from: usize) -> [&mut Side; 2] {
    let [speakers, clusters] = sides;
    match from {
        SPEAKERS => [speakers, clusters],
        _ => [clusters, speakers],
    }
}

#[cfg(test)]
mod tests {
    use pathfinding::kuhn_munkres::kuhn_munkres;
    use pathfinding::matrix::Matrix;
    use proptest::prelude::*;

    use super::*;
    use crate::clustering::contingency::Contingency;

    /// By the crate `pathfinding`, over the whole table.
    fn by_whole_table(labels: &[usize], speakers: &[usize]) -> u64 {
        let table = Contingency::new(labels, speakers).unwrap();
        let size = table.speaker_sizes.len().max(table.cluster_sizes.len());
        let mut counts = Matrix::new(size, size, 0_i64);
        for cell in &table.cells {
            counts[(cell.speaker, cell.cluster)] = cell.count as i64;
        }
        kuhn_munkres(&counts).0 as u64
    }

    fn at_once(labels: &[usize], speakers: &[usize]) -> u64 {
        let table = Contingency::new(labels, speakers).unwrap();
        let (speakers, clusters) = (table.speaker_sizes.len(), table.cluster_sizes.len());
        Assignment::new(&table.cells, speakers, clusters).matched()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn any_table_is_matched_as_by_the_whole_of_it(
            points in prop::collection::vec((0_usize..30, 0_usize..20), 1..200),
            coarse in 1_usize..8,
        ) {
            let (labels, speakers): (Vec<_>, Vec<_>) = points.into_iter().map(|(c, s)| (c / coarse, s / coarse)).unzip();
            prop_assert_eq!(at_once(&labels, &speakers), by_whole_table(&labels, &speakers));
        }

        #[test]
        fn merges_in_any_order_are_matched_as_new_tables(
            speakers in prop::collection::vec(0_usize..12, 2..70),
            order in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<bool>()), 70),
        ) {
            let table = Contingency::new(&(0..speakers.len()).collect::<Vec<_>>(), &speakers).unwrap();
            let mut labels: Vec<usize> = (0..speakers.len()).collect();
            let mut assignment = Assignment::new(&table.cells, table.speaker_sizes.len(), speakers.len());
            for (a, b, look) in order {
                let mut left = labels.clone();
                left.sort_unstable();
                left.dedup();
                let (a, b) = (left[a.index(left.len())], left[b.index(left.len())]);
                if a == b {
                    continue;
                }
                let (into, _) = assignment.merge(a, b);
                for label in &mut labels {
                    if *label == a || *label == b {
                        *label = into;
                    }
                }
                let expected = by_whole_table(&labels, &speakers);
                prop_assert!(assignment.at_most() >= expected);
                if look {
                    prop_assert_eq!(assignment.matched(), expected);
                    prop_assert_eq!(assignment.at_most(), expected);
                }
            }
            prop_assert_eq!(assignment.matched(), by_whole_table(&labels, &speakers));
        }
    }

    #[test]
    fn a_table_without_cells_matches_nothing() {
        assert_eq!(Assignment::new(&[], 0, 0).matched(), 0);
    }
}
