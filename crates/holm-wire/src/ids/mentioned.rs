//! Which nodes a message mentions: whoever is sent a pid must know its node.

use super::NodeId;
use std::cell::RefCell;

thread_local! {
    /// The nodes of the pids that were serialised on this thread, while somebody wants to know.
    static MENTIONED: RefCell<Option<Vec<NodeId>>> = const { RefCell::new(None) };
}

/// Runs `encode`; also the nodes of all pids that it serialises on this thread, each once.
pub fn mentioned_nodes<T>(encode: impl FnOnce() -> T) -> (T, Vec<NodeId>) {
    /// What an encoder around this one has collected comes back, also after a panic.
    struct Outer(Option<Vec<NodeId>>);
    impl Drop for Outer {
        fn drop(&mut self) {
            MENTIONED.set(self.0.take());
        }
    }
    let outer = Outer(MENTIONED.replace(Some(Vec::new())));
    let done = encode();
    let nodes = MENTIONED.take().unwrap_or_default();
    drop(outer);
    (done, nodes)
}

/// A pid of this node is serialised.
pub(super) fn note(node: NodeId) {
    MENTIONED.with_borrow_mut(|mentioned| {
        if let Some(nodes) = mentioned
            && !nodes.contains(&node)
        {
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
