//! Which nodes a message mentions: whoever is sent a pid must know its node.

use super::NodeId;
use std::cell::{Cell, RefCell};

/// The nodes of the pids that were serialised on a thread.
struct Mentioned {
    /// Where those begin that somebody wants to know just now, if anybody does.
    from: Cell<Option<usize>>,
    nodes: RefCell<Vec<NodeId>>,
}

thread_local! {
    static MENTIONED: Mentioned =
        const { Mentioned { from: Cell::new(None), nodes: RefCell::new(Vec::new()) } };
}

/// Runs `encode`; also the nodes of all pids that it serialises on this thread, each once.
#[inline]
pub fn mentioned_nodes<T>(encode: impl FnOnce() -> T) -> (T, Vec<NodeId>) {
    /// What an encoder around this one has collected goes on, also after a panic.
    struct Outer<'a> {
        mentioned: &'a Mentioned,
        from: usize,
        outer: Option<usize>,
    }
    impl Outer<'_> {
        #[inline]
        fn take(&self) -> Vec<NodeId> {
            let mut nodes = self.mentioned.nodes.borrow_mut();
            if nodes.len() == self.from { Vec::new() } else { nodes.split_off(self.from) }
        }
    }
    impl Drop for Outer<'_> {
        #[inline]
        fn drop(&mut self) {
            self.take();
            self.mentioned.from.set(self.outer);
        }
    }
    MENTIONED.with(|mentioned| {
        let from = mentioned.nodes.borrow().len();
        let outer = Outer { mentioned, from, outer: mentioned.from.replace(Some(from)) };
        let done = encode();
        (done, outer.take())
    })
}

/// A pid of this node is serialised.
pub(super) fn note(node: NodeId) {
    MENTIONED.with(|mentioned| {
        let Some(from) = mentioned.from.get() else { return };
        let mut nodes = mentioned.nodes.borrow_mut();
        if !nodes[from..].contains(&node) {
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
