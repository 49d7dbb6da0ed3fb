//! The exit table between nodes: the very one that holds within a node.

#[path = "../../../holm-actor/tests/it/exit_table/table.rs"]
mod table;

use table::{Places, TABLE, table};

use crate::actors::Log;
use crate::puppets;
use crate::support::*;

#[tokio::test]
async fn the_exit_table_holds_between_nodes() {
    let (a, b) = pair().await;
    let logs = [&a, &b].map(|node| node.spawn(Log::default()));
    let crossed = async || {
        reach(&a, &logs[1]).count().await.unwrap();
        reach(&b, &logs[0]).count().await.unwrap();
    };
    // Who dialled does not matter.
    for (subjects, others) in [(&a, &b), (&b, &a)] {
        let (subjects, others) = (subjects.system(), others.system());
        assert_eq!(table(&Places { subjects, others, crossed: &crossed }).await, TABLE);
    }
    for (node, other) in [(&a, &b), (&b, &a)] {
        assert_eq!(node.bonds_with(other.name()), holm::SessionBonds::default());
    }
}
