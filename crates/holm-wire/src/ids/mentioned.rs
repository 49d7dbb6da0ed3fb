//! Which nodes a message mentions: whoever is sent a pid must know its node.

use super::NodeId;
use std::cell::{Cell, RefCell};

/// Whether somebody wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    No,
    Yes,
    /// There are some, in [`NODES`].
    Found,
}

thread_local! {
    // For itself: it needs no destructor, and so costs next to nothing.
    static WANTED: Cell<Wanted> = const { Cell::new(Wanted::No) };
    /// The nodes of the pids that were serialised on this thread.
    static NODES: RefCell<Vec<NodeId>> = const { RefCell::new(Vec::new()) };
}

/// Runs `encode`; also the nodes of all pids that it serialises on this thread, each once.
#[inline]
pub fn mentioned_nodes<T>(encode: impl FnOnce() -> T) -> (T, Vec<NodeId>) {
    let outer = Outer::begin();
    let done = encode();
    (done, outer.end())
}

/// An encoder around another one: what it has collected comes back, also after a panic.
struct Outer {
    wanted: Wanted,
    nodes: Vec<NodeId>,
}

impl Outer {
    #[inline]
    fn begin() -> Self {
        let wanted = WANTED.replace(Wanted::Yes);
        let nodes = if wanted == Wanted::Found { NODES.take() } else { Vec::new() };
        Self { wanted, nodes }
    }

    /// What the inner one has found.
    #[inline]
    fn end(self) -> Vec<NodeId> {
        if WANTED.get() == Wanted::Found { NODES.take() } else { Vec::new() }
    }
}

impl Drop for Outer {
    #[inline]
    fn drop(&mut self) {
        if WANTED.replace(self.wanted) == Wanted::Found || self.wanted == Wanted::Found {
            NODES.set(std::mem::take(&mut self.nodes));
        }
    }
}

/// A pid of this node is serialised.
pub(super) fn note(node: NodeId) {
    if WANTED.get() == Wanted::No {
        return;
    }
    WANTED.set(Wanted::Found);
    NODES.with_borrow_mut(|nodes| {
        if !nodes.contains(&node) {
            nodes.push(node);
        }
    });
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::{Pid, Serial};

    #[test]
    fn each_node_is_noted_once_and_only_while_wanted() {
        let node = |n| NodeId::from_u64(n).unwrap();
        let pid = |n| Pid { node: node(n), serial: Serial::from_u64(1).unwrap() };
        let encode = |pids: &[Pid]| postcard::to_stdvec(pids).unwrap();
        encode(&[pid(9)]);
        let ((), nodes) = mentioned_nodes(|| {
            encode(&[pid(1), pid(2), pid(1)]);
            let (_, inner) = mentioned_nodes(|| encode(&[pid(3)]));
            assert_eq!(inner, [node(3)]);
            encode(&[pid(4)]);
        });
        assert_eq!(nodes, [node(1), node(2), node(4)]);
        assert_eq!(mentioned_nodes(|| ()).1, []);
    }
}
