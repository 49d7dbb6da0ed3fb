//! A supervision tree, printed.

use std::time::Duration;

use holm_proto::supervision::{Backoff, Strategy, TreeNode};
use holm_wire::ExitReason;

use super::world::{World, children, policy};

fn nodes(world: &World) -> Vec<TreeNode> {
    world.supervision.children(world.now).map(TreeNode::from).collect()
}

#[test]
fn a_line_for_each_child() {
    let mut patient = policy(Strategy::OneForOne);
    patient.backoff = Backoff { at_once: 2, base: Duration::from_secs(2), ..Backoff::default() };
    let mut top = World::up(patient, children("db pool cache:transient"));
    for _ in 0..3 {
        top.crash("db");
    }
    top.down("cache", ExitReason::Normal, Default::default());
    top.pass(Duration::from_millis(200));
    let mut pool = World::up(policy(Strategy::Dynamic), children("w1:temporary w2"));
    pool.slow.insert("w2");
    pool.crash("w2");
    let mut below = nodes(&top);
    below[1].strategy = Some(Strategy::Dynamic);
    below[1].children = nodes(&pool);
    let tree = TreeNode::root("app", Strategy::OneForOne, below);
    let text = "\
app: one-for-one, running
├── db: permanent, restarts in 800ms, 2 restarts
├── pool: dynamic, permanent, running
│   ├── w1: temporary, running
│   └── w2: permanent, starting, 1 restart
└── cache: transient, ended";
    assert_eq!(tree.to_string(), text);
}
