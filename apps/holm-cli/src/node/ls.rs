//! `holm node ls`.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use holm::{CallError, Node, NodeName, NodeStatus, SessionStatus};
use indicatif::DecimalBytes;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::asked::Asked;
use super::table::print_table;

/// Lists a node and those that it has a session with.
///
/// For each: what it is, for how long it has run or had the session, how that is secured and who the peer has
/// proven to be, bytes, and the time of a round trip: to the node itself from here, to the others from there.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Prints one JSON document, which says more.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    asked: Asked,
}

/// What the node has told.
struct Told {
    status: NodeStatus,
    /// The time of a round trip to each node that answered.
    trips: BTreeMap<NodeName, Duration>,
}

pub(super) async fn run(args: Args) -> Result<()> {
    let told = args.asked.ask(ask).await?;
    if args.json {
        println!("{}", told.json());
    } else {
        let own = [NODE_COLUMNS.map(str::to_owned), told.own_row()];
        let sessions = told.status.sessions.iter().map(|session| told.row(session));
        print_table(&own.into_iter().chain(sessions).collect::<Vec<_>>())?;
    }
    Ok(())
}

async fn ask(node: &Node, peer: &NodeName) -> Result<Told, CallError> {
    let inspector = node.inspector(peer);
    let mut status = inspector.node().await?;
    status.sessions.retain(|session| session.peer != *node.name());
    let own = node.ping(peer).await.map_err(|_| CallError::Disconnected)?;
    let mut trips = BTreeMap::from([(peer.clone(), own)]);
    // One that is slow to answer holds up no others.
    let mut asked = JoinSet::new();
    for peer in status.sessions.iter().map(|session| session.peer.clone()) {
        let inspector = inspector.clone();
        asked.spawn(
            async move { inspector.round_trip(peer.clone()).await.map(|trip| (peer, trip)) },
        );
    }
    for trip in asked.join_all().await {
        if let (peer, Some(trip)) = trip? {
            trips.insert(peer, trip);
        }
    }
    Ok(Told { status, trips })
}

const NODE_COLUMNS: [&str; 7] =
    ["NODE", "ROLE", "SINCE", "SECURITY", "SENT", "RECEIVED", "ROUND TRIP"];

impl Told {
    fn own_row(&self) -> [String; 7] {
        let NodeStatus { name, role, uptime, .. } = &self.status;
        let none = || "-".to_owned();
        [name.to_string(), role.to_string(), span(*uptime), none(), none(), none(), self.trip(name)]
    }

    fn row(&self, session: &SessionStatus) -> [String; 7] {
        let SessionStatus { peer, role, age, scheme, identity, sent, received, .. } = session;
        [
            peer.to_string(),
            role.to_string(),
            span(*age),
            format!("{scheme} {identity}"),
            DecimalBytes(*sent).to_string(),
            DecimalBytes(*received).to_string(),
            self.trip(peer),
        ]
    }

    fn trip(&self, node: &NodeName) -> String {
        let ms = |trip: &Duration| format!("{:.3} ms", trip.as_secs_f64() * 1_000.0);
        self.trips.get(node).map_or_else(|| "-".to_owned(), ms)
    }

    fn json(&self) -> Value {
        let NodeStatus { name, incarnation, role, build, uptime, endpoints, actors, .. } =
            &self.status;
        let trip = |node: &NodeName| self.trips.get(node).map(Duration::as_secs_f64);
        let session = |session: &SessionStatus| {
            json!({
                "name": session.peer,
                "incarnation": session.incarnation,
                "role": session.role,
                "build": session.build,
                "dialled": session.dialled,
                "seconds": session.age.as_secs_f64(),
                "scheme": session.scheme,
                "identity": session.identity,
                "sent": session.sent,
                "received": session.received,
                "queued": session.queued,
                "bonds": session.bonds,
                "round_trip_seconds": trip(&session.peer),
            })
        };
        json!({
            "name": name,
            "incarnation": incarnation,
            "role": role,
            "build": build,
            "seconds": uptime.as_secs_f64(),
            "endpoints": endpoints,
            "actors": actors,
            "admission": self.status.admission,
            "dead_letters": self.status.dead_letters,
            "round_trip_seconds": trip(name),
            "sessions": self.status.sessions.iter().map(session).collect::<Vec<_>>(),
        })
    }
}

/// The two largest units of a time.
fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m{:02}s", seconds % 60),
        (0, _, _) => format!("{hours}h{:02}m", minutes % 60),
        (_, _, _) => format!("{days}d{:02}h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_two_units() {
        for (seconds, text) in
            [(0, "0s"), (59, "59s"), (61, "1m01s"), (7_500, "2h05m"), (90_000, "1d01h")]
        {
            assert_eq!(span(Duration::from_secs(seconds)), text);
        }
    }
}
