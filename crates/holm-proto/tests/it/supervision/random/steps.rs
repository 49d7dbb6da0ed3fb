//! Random supervisors, and what happens to them.

use std::{num::NonZeroU32, ops::Range, time::Duration};

use holm_proto::supervision::{
    Backoff, BreakerPolicy, ChildId, ChildSpec, Intensity, Jitter, Policy, Restart, ShutdownTime,
    Strategy::{Dynamic, OneForAll, OneForOne, RestForOne},
    Verdict,
};
use holm_wire::ExitReason;
use proptest::{option, prelude::*, sample::Index};

use crate::supervision::world::{failed, shutdown};

#[derive(Clone, Debug)]
pub(super) enum Step {
    /// One of the children that are starting has started.
    Started(Index),
    /// One of the living ends.
    End(Index, ExitReason, Verdict),
    Lost(Index),
    Pass(Duration),
    Add(ChildSpec),
    Restart(ChildId),
    StopChild(ChildId),
    Remove(ChildId),
    Stop,
}

fn millis(range: Range<u64>) -> impl Strategy<Value = Duration> {
    range.prop_map(Duration::from_millis)
}

fn id() -> impl Strategy<Value = ChildId> {
    (0..6u8).prop_map(|number| ChildId::from(format!("c{number}")))
}

fn breaker() -> impl Strategy<Value = BreakerPolicy> {
    (1..4u32, millis(1..50), millis(1..50)).prop_map(|(crashes, cool_down, trial)| {
        let crashes = NonZeroU32::new(crashes).unwrap();
        BreakerPolicy { crashes, window: Duration::from_millis(100), cool_down, trial }
    })
}

pub(super) fn spec() -> impl Strategy<Value = ChildSpec> {
    let restart = prop_oneof![
        3 => Just(Restart::Permanent),
        1 => Just(Restart::Transient),
        1 => Just(Restart::Temporary),
    ];
    let shutdown = prop_oneof![
        3 => millis(0..20).prop_map(ShutdownTime::After),
        1 => Just(ShutdownTime::Kill),
        1 => Just(ShutdownTime::Infinity),
    ];
    (id(), restart, shutdown, option::of(millis(1..30)), option::of(breaker())).prop_map(
        |(id, restart, shutdown, start_time, breaker)| {
            let spec = ChildSpec::new(id);
            ChildSpec { restart, shutdown, start_time, breaker, ..spec }
        },
    )
}

pub(super) fn policy() -> impl Strategy<Value = Policy> {
    let strategy = prop_oneof![Just(OneForOne), Just(OneForAll), Just(RestForOne), Just(Dynamic),];
    (strategy, prop_oneof![0..4u32, Just(1000)], 0..3u32, millis(0..5)).prop_map(
        |(strategy, restarts, at_once, base)| {
            let intensity = Intensity { restarts, window: Duration::from_millis(20) };
            let cap = Duration::from_millis(40);
            let backoff =
                Backoff { at_once, base, cap, jitter: Jitter::Full, reset_after: 2 * cap };
            Policy { strategy, intensity, backoff }
        },
    )
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    let reason = prop_oneof![
        Just(ExitReason::Normal),
        Just(shutdown()),
        Just(ExitReason::Killed),
        Just(failed("chaos")),
    ];
    let verdict = prop_oneof![
        20 => Just(Verdict::Default),
        2 => Just(Verdict::Restart),
        1 => Just(Verdict::Stop),
        1 => Just(Verdict::Escalate),
    ];
    prop_oneof![
        40 => any::<Index>().prop_map(Step::Started),
        40 => (any::<Index>(), reason, verdict).prop_map(|(at, why, says)| Step::End(at, why, says)),
        3 => any::<Index>().prop_map(Step::Lost),
        20 => millis(0..15).prop_map(Step::Pass),
        5 => spec().prop_map(Step::Add),
        5 => id().prop_map(Step::Restart),
        5 => id().prop_map(Step::StopChild),
        5 => id().prop_map(Step::Remove),
        1 => Just(Step::Stop),
    ]
}
