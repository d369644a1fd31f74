//! Which of many elements belong together (disjoint sets).

/// Elements 0 to n-1 in groups; each is alone at first.
#[derive(Debug, Clone)]
pub struct Groups {
    parent: Vec<usize>,
}

impl Groups {
    /// Each of `num_elements` alone.
    pub fn new(num_elements: usize) -> Self {
        Self {
            parent: (0..num_elements).collect(),
        }
    }

    /// The element that stands for the group of `element`.
    ///
    /// # Panics
    /// When there is no such element, as indexing a slice does.
    pub fn find(&mut self, mut element: usize) -> usize {
        while self.parent[element] != element {
            self.parent[element] = self.parent[self.parent[element]];
            element = self.parent[element];
        }
        element
    }

    /// Puts the groups of both together and gives the element that stands for all.
    ///
    /// # Panics
    /// As [`Groups::find`].
    pub fn unite(&mut self, a: usize, b: usize) -> usize {
        let (a, b) = (self.find(a), self.find(b));
        self.parent[a] = b;
        b
    }

    /// The group of each element, numbered in order of first appearance.
    pub fn numbered(mut self) -> Vec<usize> {
        let mut number = vec![usize::MAX; self.parent.len()];
        let mut next = 0;
        (0..self.parent.len())
            .map(|element| {
                let root = self.find(element);
                if number[root] == usize::MAX {
                    number[root] = next;
                    next += 1;
                }
                number[root]
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_grow_together() {
        let mut groups = Groups::new(5);
        let first = groups.unite(0, 3);
        assert_eq!(groups.find(0), first);
        groups.unite(4, 1);
        groups.unite(1, 0);
        let stands = groups.find(4);
        assert!(
            [0, 1, 3]
                .into_iter()
                .all(|element| groups.find(element) == stands)
        );
        assert_ne!(groups.find(2), stands);
        assert_eq!(groups.numbered(), [0, 0, 1, 0, 0]);
    }
}
