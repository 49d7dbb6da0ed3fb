//! `holm node actors`.

use std::cmp::Reverse;

use anyhow::Result;
use holm::{ActorFilter, ActorState, ActorSummary, CallError, Node, NodeName};
use serde_json::{Value, json};

use super::asked::Asked;
use super::table::print_table;

/// Lists the actors of a node.
///
/// For each: its pid, the messages in its inbox and how many that holds, its type, its names, and what it does.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only those whose type has this in its name.
    #[arg(long = "type", value_name = "TEXT")]
    type_name: Option<String>,
    /// Only those that hold a local name with this in it.
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// What comes first: the fullest inbox, or the oldest place.
    #[arg(long, value_enum, default_value_t = Sort::Pid)]
    sort: Sort,
    /// Prints one JSON document.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    asked: Asked,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Sort {
    Inbox,
    Pid,
}

pub(super) async fn run(args: Args) -> Result<()> {
    let mut filter = ActorFilter::default();
    (filter.type_name, filter.name) = (args.type_name, args.name);
    let ask = async |node: &Node, peer: &NodeName| ask(node, peer, &filter).await;
    let mut actors = args.asked.ask(ask).await?;
    match args.sort {
        Sort::Inbox => actors.sort_by_key(|actor| (Reverse(actor.inbox), actor.pid)),
        Sort::Pid => actors.sort_by_key(|actor| actor.pid),
    }
    if args.json {
        println!("{}", Value::from_iter(actors.iter().map(json)));
    } else {
        let columns = ["PID", "INBOX", "TYPE", "NAMES", "STATE"].map(str::to_owned);
        print_table(&[columns].into_iter().chain(actors.iter().map(row)).collect::<Vec<_>>())?;
    }
    Ok(())
}

async fn ask(
    node: &Node,
    peer: &NodeName,
    filter: &ActorFilter,
) -> Result<Vec<ActorSummary>, CallError> {
    let inspector = node.inspector(peer);
    let (mut actors, mut next) = (Vec::new(), Some(0));
    while let Some(from) = next {
        let page = inspector.actors(filter.clone(), from).await?;
        actors.extend(page.actors);
        next = page.next;
    }
    Ok(actors)
}

fn row(actor: &ActorSummary) -> [String; 5] {
    let names = match &actor.names[..] {
        [] => "-".to_owned(),
        names => names.join(", "),
    };
    let state = match &actor.state {
        ActorState::Idle => "idle".to_owned(),
        ActorState::Handling(message) => format!("handling {message}"),
        ActorState::Exiting(reason) => format!("exiting: {reason}"),
    };
    let inbox = format!("{}/{}", actor.inbox, actor.inbox_max);
    [actor.pid.to_string(), inbox, actor.type_name.clone(), names, state]
}

fn json(actor: &ActorSummary) -> Value {
    json!({
        "pid": actor.pid.to_string(),
        "type": actor.type_name,
        "names": actor.names,
        "inbox": actor.inbox,
        "inbox_max": actor.inbox_max,
        "handled": actor.handled,
        "state": actor.state,
    })
}
