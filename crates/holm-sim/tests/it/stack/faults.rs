//! Actors with faults in the test world.

use std::time::Duration;

use holm::SpawnOptions;
use holm::prelude::*;
use holm_sim::{Faulty, World, check_seeds};

use super::traffic::hosts;
use super::{Stuck, reach, start};
use crate::SEEDS;

#[test]
fn faults_come_at_their_messages() {
    check_seeds(SEEDS, async |world: World| {
        let (a, b) = hosts(&world);
        let (near, far) = (start(&a).await, start(&b).await);
        near.connect(&b.endpoint()).await.unwrap();
        let time = Duration::from_secs(600);
        let faulty = Faulty::new(Stuck::default()).drop_at(1).delay_at(3, time).panic_at(4);
        let actor = faulty.spawn(far.system(), SpawnOptions::default());
        let down = near.monitor(actor.pid());
        // Who calls from afar reaches the same actor.
        let actor: Ref<Stuck> = reach(&near, actor.pid());
        assert_eq!(actor.ping().await, Err(CallError::Unanswered));
        assert_eq!(actor.ping().await, Ok(()));
        let start = world.elapsed();
        assert_eq!(actor.ping().await, Ok(()));
        assert!(world.elapsed() - start >= time);
        let reason = ExitReason::Failed("a fault at message 4".into());
        assert_eq!(actor.ping().await, Err(CallError::Exited(reason.clone())));
        assert_eq!(down.await.reason, reason);
    });
}
