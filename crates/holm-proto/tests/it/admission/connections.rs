//! Places for handshakes, failures, seats.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use holm_proto::admission::{
    Admission, AdmissionLimits, Outcome, PendingId, Place, Rate, Refusal, Source,
};
use proptest::{collection::vec, prelude::any, prop_assert, prop_assert_eq, proptest};

use super::{at_ms, ms};

fn source(n: u8) -> Source {
    Source::V4(Ipv4Addr::new(127, 0, 0, n))
}

fn small() -> AdmissionLimits {
    AdmissionLimits {
        pending_max: 6,
        pending_share: 2,
        pending_grace: ms(250),
        ..AdmissionLimits::default()
    }
}

fn begun(place: Result<Place, Refusal>) -> PendingId {
    match place {
        Ok(Place::Begun { id, .. }) => id,
        other => panic!("{other:?}"),
    }
}

proptest! {
    /// Any number of sources connect and leave as they like: the bounds hold, only what had its
    /// time is displaced, and whoever is new gets a place when its wait is over.
    #[test]
    fn places_are_bounded_and_nobody_is_kept_out(
        steps in vec((0_u8..8, 0_u64..200, any::<bool>(), any::<usize>()), 1..300),
    ) {
        let limits = small();
        let mut admission = Admission::new(limits);
        let mut pending: BTreeMap<PendingId, (Source, u64)> = BTreeMap::new();
        let mut time = 0;
        for (from, pause, ends, which) in steps {
            time += pause;
            let now = at_ms(time);
            if ends && !pending.is_empty() {
                let id = *pending.keys().nth(which % pending.len()).unwrap();
                let (from, _) = pending.remove(&id).unwrap();
                admission.handle_end(id, from, Outcome::Broken, now);
                continue;
            }
            let from = if from == 0 { Source::Local } else { source(from) };
            let own = pending.values().filter(|(of, _)| *of == from);
            match admission.poll_place(from, now) {
                Ok(Place::Begun { id, displaced }) => {
                    if let Some(old) = displaced {
                        let (_, since) = pending.remove(&old).unwrap();
                        prop_assert!(time - since >= 250);
                    }
                    pending.insert(id, (from, time));
                }
                Ok(Place::Wait(wait)) => {
                    prop_assert_eq!(pending.len(), limits.pending_max);
                    prop_assert!(pending.values().all(|(_, since)| time - since < 250));
                    let mut later = admission.clone();
                    begun(later.poll_place(from, now + wait));
                }
                Err(Refusal::Share { retry_after }) => {
                    prop_assert!(from != Source::Local);
                    prop_assert_eq!(own.clone().count(), limits.pending_share);
                    prop_assert!(own.clone().all(|(_, since)| time - since < 250));
                    let mut later = admission.clone();
                    begun(later.poll_place(from, now + retry_after));
                }
                Err(other) => panic!("{other}"),
            }
            prop_assert_eq!(admission.pending(), pending.len());
            prop_assert!(pending.len() <= limits.pending_max);
            for n in 1..8 {
                let own = pending.values().filter(|(of, _)| *of == source(n)).count();
                prop_assert!(own <= limits.pending_share);
            }
        }
    }
}

#[test]
fn a_source_connects_at_its_rate() {
    let connections = Rate::per_second(10).burst(3);
    let mut admission = Admission::new(AdmissionLimits { connections, ..small() });
    let mut count = |from, time| admission.handle_connection(from, at_ms(time));
    for _ in 0..3 {
        assert_eq!(count(source(1), 0), Ok(()));
    }
    assert_eq!(count(source(1), 0), Err(Refusal::Rate { retry_after: ms(100) }));
    assert_eq!(count(source(2), 0), Ok(()), "others are not touched");
    assert_eq!(count(source(1), 100), Ok(()));
    for _ in 0..1000 {
        assert_eq!(count(Source::Local, 0), Ok(()));
    }
}

#[test]
fn failures_are_refused_for_longer_and_longer() {
    let mut admission = Admission::new(AdmissionLimits {
        connections: Rate::per_second(1_000_000),
        ..AdmissionLimits::default()
    });
    let mut time = 0;
    let mut refusals = Vec::new();
    let fail = |admission: &mut Admission, time| {
        assert_eq!(admission.handle_connection(source(1), at_ms(time)), Ok(()));
        let id = begun(admission.poll_place(source(1), at_ms(time)));
        admission.handle_end(id, source(1), Outcome::Unproven, at_ms(time));
        match admission.handle_connection(source(1), at_ms(time)) {
            Ok(()) => 0,
            Err(Refusal::Failures { retry_after }) => retry_after.as_millis() as u64,
            Err(other) => panic!("{other}"),
        }
    };
    for _ in 0..14 {
        let refused = fail(&mut admission, time);
        refusals.push(refused / 1000);
        assert_eq!(admission.handle_connection(source(2), at_ms(time)), Ok(()));
        if refused > 0 {
            assert!(admission.handle_connection(source(1), at_ms(time + refused - 1)).is_err());
        }
        time += refused;
    }
    assert_eq!(refusals, [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
    // Forgotten after 10 quiet minutes.
    time += 600_001;
    assert_eq!(fail(&mut admission, time), 0);
    // A proof clears what was.
    for _ in 0..4 {
        assert_eq!(fail(&mut admission, time), 0);
    }
    let id = begun(admission.poll_place(source(1), at_ms(time)));
    admission.handle_end(id, source(1), Outcome::Proven, at_ms(time));
    assert_eq!(fail(&mut admission, time), 0);
}

#[test]
fn broken_handshakes_are_no_failures() {
    let mut admission = Admission::new(AdmissionLimits::default());
    for _ in 0..100 {
        let id = begun(admission.poll_place(source(1), at_ms(0)));
        admission.handle_end(id, source(1), Outcome::Broken, at_ms(0));
    }
    assert_eq!(admission.handle_connection(source(1), at_ms(0)), Ok(()));
}

#[test]
fn seats_come_back() {
    let mut admission = Admission::new(AdmissionLimits { sessions_max: 2, ..small() });
    assert!(admission.take_seat(false) && admission.take_seat(false));
    assert!(!admission.take_seat(false));
    assert!(admission.take_seat(true));
    admission.give_seat_back();
    assert!(!admission.take_seat(false), "the replaced session has its seat still");
    admission.give_seat_back();
    assert!(admission.take_seat(false) && !admission.take_seat(false));
}
