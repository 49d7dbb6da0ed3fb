//! What values tell of themselves while they are serialised, beside their bytes: which nodes they mention,
//! as whoever is sent a pid must know its node, and which bytes they lend.

use std::cell::{Cell, RefCell};

use bytes::Bytes;

use crate::NodeId;

/// What was noted of some values.
#[derive(Debug)]
pub struct Noted {
    /// The nodes of all pids, each once.
    pub nodes: Vec<NodeId>,
    /// The bytes that follow what was appended, and were not.
    pub lent: Option<Bytes>,
}

thread_local! {
    // For itself: it needs no destructor, and so costs next to nothing.
    /// The address of the vector that is encoded to, with flags for what was noted; 0 while nobody listens.
    static TO: Cell<usize> = const { Cell::new(0) };
    static NODES: RefCell<Vec<NodeId>> = const { RefCell::new(Vec::new()) };
    /// What was lent, and how much had been encoded before it.
    static LENT: Cell<Option<(usize, Bytes)>> = const { Cell::new(None) };
}

/// Set in [`TO`] when something was lent; a vector's address is a multiple of 4.
const HAS_LENT: usize = 0b01;
/// Set in [`TO`] when there are some in [`NODES`].
const HAS_NODES: usize = 0b10;
const HAS_ANY: usize = HAS_LENT | HAS_NODES;

/// Has `encode` append to `out`, and what the values noted meanwhile, on this thread.
#[inline]
pub fn encode_noting<T>(
    out: &mut Vec<u8>,
    encode: impl FnOnce(&mut Vec<u8>) -> T,
) -> (T, Option<Noted>) {
    let _before = if TO.get() & HAS_ANY == 0 { None } else { Some(Before::take()) };
    let _outer = Outer { to: TO.replace(address(out)) };
    let done = encode(out);
    let noted = if TO.get() & HAS_ANY == 0 { None } else { Some(take(out)) };
    (done, noted)
}

impl Noted {
    /// The nodes, once what was lent is behind the rest.
    pub fn join(self, out: &mut Vec<u8>) -> Vec<NodeId> {
        out.extend_from_slice(&self.lent.unwrap_or_default());
        self.nodes
    }
}

/// The encoder around this one, which goes on, also after a panic.
struct Outer {
    to: usize,
}

impl Drop for Outer {
    #[inline]
    fn drop(&mut self) {
        if TO.replace(self.to) & HAS_ANY != 0 {
            forget();
        }
    }
}

/// What it has noted, which comes back.
struct Before {
    nodes: Vec<NodeId>,
    lent: Option<(usize, Bytes)>,
}

impl Before {
    #[cold]
    fn take() -> Self {
        Self { nodes: NODES.take(), lent: LENT.take() }
    }
}

impl Drop for Before {
    #[cold]
    fn drop(&mut self) {
        NODES.set(std::mem::take(&mut self.nodes));
        LENT.set(self.lent.take());
    }
}

#[cold]
fn forget() {
    NODES.take();
    LENT.take();
}

#[cold]
fn take(out: &mut Vec<u8>) -> Noted {
    let nodes = NODES.take();
    let lent = LENT.take().and_then(|lent| behind(out, lent));
    Noted { nodes, lent }
}

/// What was lent, if it is behind all that was encoded; else it is copied to where it belongs.
fn behind(out: &mut Vec<u8>, (at, lent): (usize, Bytes)) -> Option<Bytes> {
    if at == out.len() {
        return Some(lent);
    }
    // An encoder that failed has taken back what was before it, too.
    if at < out.len() {
        out.splice(at..at, lent);
    }
    None
}

fn address(out: &Vec<u8>) -> usize {
    std::ptr::from_ref(out).addr()
}

/// A pid of this node is serialised.
pub(crate) fn note_node(node: NodeId) {
    let to = TO.get();
    if to == 0 {
        return;
    }
    TO.set(to | HAS_NODES);
    NODES.with_borrow_mut(|nodes| {
        if !nodes.contains(&node) {
            nodes.push(node);
        }
    });
}

/// Lends what `offered` gives instead of appending it to `out`; `false` if nobody wants that. One is enough.
pub(crate) fn lend(out: &Vec<u8>, offered: impl FnOnce() -> Option<Bytes>) -> bool {
    let to = TO.get();
    if to & !HAS_ANY != address(out) || to & HAS_LENT != 0 {
        return false;
    }
    let Some(bytes) = offered() else { return false };
    TO.set(to | HAS_LENT);
    LENT.set(Some((out.len(), bytes)));
    true
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
        let encode = |pids: &[Pid]| drop(postcard::to_stdvec(pids).unwrap());
        let noted = |encode: &dyn Fn()| {
            let noted = encode_noting(&mut Vec::new(), |_| encode()).1;
            noted.map(|noted| noted.nodes).unwrap_or_default()
        };
        encode(&[pid(9)]);
        let nodes = noted(&|| {
            encode(&[pid(1), pid(2), pid(1)]);
            assert_eq!(noted(&|| encode(&[pid(3)])), [node(3)]);
            assert_eq!(noted(&|| ()), []);
            encode(&[pid(4)]);
        });
        assert_eq!(nodes, [node(1), node(2), node(4)]);
        assert_eq!(noted(&|| ()), []);
    }
}
