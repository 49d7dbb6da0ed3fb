//! A reference to a node that its receiver has never met.

use std::time::Duration;

use holm::AutoConnect;
use holm::prelude::*;
use holm_sim::{Host, World, check_seeds};
use rand::RngExt;

use super::traffic::hosts;
use super::{Stuck, builder, reach};
use crate::SEEDS;

/// Longer than a cut lasts.
const PATIENCE: Duration = Duration::from_secs(60);

/// Calls whoever it is given.
struct Caller;

#[actor]
impl Caller {
    /// Whether there was an answer.
    async fn call(&mut self, other: Ref<Stuck>) -> bool {
        other.wait_connect(PATIENCE).ping().await.is_ok()
    }
}

#[test]
fn a_reference_is_called_by_one_who_never_met_its_node() {
    check_seeds(SEEDS, async |world: World| {
        let (a, b) = hosts(&world);
        let c = world.host("c");
        let (near, middle, far) = (dials(&a).await, dials(&b).await, dials(&c).await);
        near.connect(&b.endpoint()).await.unwrap();
        near.connect(&c.endpoint()).await.unwrap();
        let stuck: Ref<Stuck> = reach(&near, far.spawn(Stuck::default()).pid());
        let caller: Ref<Caller> = reach(&near, middle.spawn(Caller).pid());
        assert!(!middle.nodes().contains(far.name()));
        // The two may find each other at once, or when a cut between them heals.
        world.network().cut(&b, &c);
        let heals = world.rng().random_range(0..30_000);
        let (answered, ()) = tokio::join!(caller.call(stuck).timeout(2 * PATIENCE), async {
            tokio::time::sleep(Duration::from_millis(heals)).await;
            world.network().heal(&b, &c);
        });
        assert_eq!(answered, Ok(true));
        assert!(middle.nodes().contains(far.name()));
    });
}

async fn dials(host: &Host) -> Node {
    builder(host, host.transport()).auto_connect(AutoConnect::Always).start().await.unwrap()
}
