//! What always holds, and what holds once all is quiet: one function each.

use super::{ghost::Watch, world::World};
use holm_wire::Pid;

/// After each step.
pub(super) fn check(world: &World) {
    each_ledger_is_valid(world);
    links_are_those_of_the_history(world);
    no_monitor_fires_twice(world);
}

/// When nothing is on its way and no inbox holds anything.
pub(super) fn check_quiet(world: &World) {
    nothing_is_stuck(world);
    both_sides_agree_on_links(world);
    every_monitor_has_its_down(world);
    both_sides_agree_on_monitors(world);
    nothing_is_retained(world);
    nothing_is_left_of_lost_sessions(world);
}

fn each_ledger_is_valid(world: &World) {
    for actor in &world.actors {
        actor.ledger.validate();
    }
}

fn links_are_those_of_the_history(world: &World) {
    for (at, actor) in alive(world) {
        let peers = (0..world.actors.len()).filter(|&peer| world.ghost.links(at, peer) != 0);
        let expected: Vec<Pid> = peers.map(|peer| world.actors[peer].pid).collect();
        let mut links: Vec<Pid> = actor.ledger.links().collect();
        links.sort_by_key(|pid| pid.serial);
        assert_eq!(links, expected, "links of {at}");
    }
}

fn no_monitor_fires_twice(world: &World) {
    for watch in &world.ghost.watches {
        assert!(watch.downs <= 1, "{watch:?}");
    }
}

fn nothing_is_stuck(world: &World) {
    assert!(world.lines.is_empty(), "{:?}", world.lines);
}

fn both_sides_agree_on_links(world: &World) {
    for (at, _) in alive(world) {
        for peer in 0..world.actors.len() {
            let (here, there) = (world.ghost.links(at, peer), world.ghost.links(peer, at));
            let expected = if world.is_dead(peer) { 0 } else { there };
            assert_eq!(here, expected, "{at} and {peer} differ");
        }
    }
}

fn every_monitor_has_its_down(world: &World) {
    for watch in world.ghost.watches.iter().filter(|watch| !world.is_dead(watch.watcher)) {
        let lost = watch.session != world.session(watch.watcher, watch.target);
        if !watch.ended && (lost || world.is_dead(watch.target)) {
            assert_eq!(watch.downs, 1, "{watch:?}");
        }
        if !lost && !world.is_dead(watch.target) {
            assert_eq!(watch.downs, 0, "{watch:?}");
        }
        // Given up too late to stop the `Down`, and without a flush.
        if watch.ended && !watch.given_up {
            assert_eq!(watch.downs, 1, "{watch:?}");
        }
    }
}

fn both_sides_agree_on_monitors(world: &World) {
    for (at, actor) in alive(world) {
        let live = world.ghost.watches.iter().filter(|watch| is_live(world, watch));
        let held = live.clone().filter(|watch| watch.watcher == at).count();
        let watched = live.filter(|watch| watch.target == at).count();
        assert_eq!((actor.ledger.monitors_live(), actor.ledger.watchers()), (held, watched));
    }
}

fn nothing_is_retained(world: &World) {
    for (at, actor) in world.actors.iter().enumerate() {
        let linked = (0..world.actors.len()).any(|peer| world.ghost.links(at, peer) != 0);
        let live =
            |watch: &Watch| is_live(world, watch) && (watch.watcher == at || watch.target == at);
        let bound = linked || world.ghost.watches.iter().any(live);
        assert_eq!(actor.ledger.is_empty(), world.is_dead(at) || !bound, "{at}: {actor:?}");
    }
}

fn nothing_is_left_of_lost_sessions(world: &World) {
    for (node, stamp) in world.sessions_lost() {
        for (_, actor) in alive(world).filter(|(_, actor)| actor.node == node) {
            let lost = actor.ledger.clone().lose(stamp);
            assert!(lost.links.is_empty() && lost.monitors.is_empty() && lost.watchers.is_empty());
        }
    }
}

fn is_live(world: &World, watch: &Watch) -> bool {
    let both = !world.is_dead(watch.watcher) && !world.is_dead(watch.target);
    both && watch.downs == 0 && !watch.given_up
}

fn alive(world: &World) -> impl Iterator<Item = (usize, &super::world::Actor)> {
    world.actors.iter().enumerate().filter(|(at, _)| !world.is_dead(*at))
}
