//! Two nodes that dial each other at about the same time.

use std::time::Duration;

use holm::prelude::*;
use holm_sim::{World, check_seeds};
use rand::RngExt;

use super::traffic::hosts;
use super::{Stuck, reach, start};
use crate::SEEDS;

#[test]
fn crossing_dials_come_to_one_session() {
    check_seeds(SEEDS, async |world: World| {
        let (a, b) = hosts(&world);
        let nodes = [start(&a).await, start(&b).await];
        let actors = nodes.each_ref().map(|node| node.spawn(Stuck::default()));
        let [to_a, to_b] = [a.endpoint(), b.endpoint()];
        let later = Duration::from_millis(world.rng().random_range(0..30));
        let (first, second) = tokio::join!(nodes[0].connect(&to_b), async {
            tokio::time::sleep(later).await;
            nodes[1].connect(&to_a).await
        });
        first.unwrap();
        second.unwrap();
        // Longer than any delay: both sides know which attempt it came to.
        tokio::time::sleep(Duration::from_secs(5)).await;
        for here in [0, 1] {
            let there = 1 - here;
            assert_eq!(nodes[here].nodes(), [nodes[there].name().clone()]);
            let actor: Ref<Stuck> = reach(&nodes[here], actors[there].pid());
            actor.ping().await.unwrap();
        }
    });
}
