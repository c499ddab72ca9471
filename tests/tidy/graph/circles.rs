//! Who uses each other in a circle.

use std::collections::{BTreeMap, BTreeSet};

/// The largest sets of which every member reaches every other one, by Tarjan's algorithm; those of one member are left out.
/// Each is sorted, and so are they.
pub(crate) fn circles(edges: &BTreeSet<(usize, usize)>) -> Vec<Vec<usize>> {
    let mut search = Search::default();
    for &(from, to) in edges {
        search.next.entry(from).or_default().push(to);
        search.next.entry(to).or_default();
    }
    let nodes: Vec<usize> = search.next.keys().copied().collect();
    for node in nodes {
        if !search.number.contains_key(&node) {
            search.visit(node);
        }
    }
    search.found.sort();
    search.found
}

#[derive(Default)]
struct Search {
    next: BTreeMap<usize, Vec<usize>>,
    number: BTreeMap<usize, usize>,
    lowest: BTreeMap<usize, usize>,
    stack: Vec<usize>,
    found: Vec<Vec<usize>>,
}

impl Search {
    fn visit(&mut self, node: usize) {
        let number = self.number.len();
        self.number.insert(node, number);
        self.lowest.insert(node, number);
        self.stack.push(node);
        for next in self.next[&node].clone() {
            let reached = if !self.number.contains_key(&next) {
                self.visit(next);
                self.lowest[&next]
            } else if self.stack.contains(&next) {
                self.number[&next]
            } else {
                continue;
            };
            let lowest = self.lowest[&node].min(reached);
            self.lowest.insert(node, lowest);
        }
        if self.lowest[&node] == number {
            let at = self.stack.iter().position(|&other| other == node).unwrap_or_default();
            let mut circle = self.stack.split_off(at);
            circle.sort_unstable();
            if circle.len() > 1 {
                self.found.push(circle);
            }
        }
    }
}
