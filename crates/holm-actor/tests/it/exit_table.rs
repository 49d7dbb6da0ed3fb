//! The exit table within a node.

mod table;

use crate::support as puppets;
use puppets::system;
use table::{Places, TABLE, table};

#[tokio::test]
async fn the_exit_table_is_as_promised() {
    let system = system();
    let places = Places { subjects: &system, others: &system, crossed: async || {} };
    assert_eq!(table(&places).await, TABLE);
}
