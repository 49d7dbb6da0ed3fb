//! Two tables against each other, and one against peers that keep to nothing.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::session::Taken;
use crate::{
    Admission, FrameHead, Kind, Limits, RequestFault, RequestId, Side, StreamFault, Violation,
    WireError, session::Credit,
};
use proptest::{collection::vec, prelude::*};
use std::collections::VecDeque;

/// Small, so that every limit is met.
fn limits() -> Limits {
    Limits {
        streams_max: 3,
        stream_bytes: 100,
        stream_items: 4,
        reassembly_max: 400,
        ..Limits::default()
    }
}

fn id(n: u64) -> RequestId {
    RequestId::from_u64(n).unwrap()
}

/// What crosses between the two.
#[derive(Debug)]
enum Message {
    Frame(StreamFrame<'static>, usize),
    Credit(RequestId, Credit),
}

/// One side, with the lengths of the items that its readers have not taken.
struct End {
    table: StreamTable<VecDeque<usize>>,
    /// Ids in use, in the order of opening.
    used: Vec<RequestId>,
    out: VecDeque<Message>,
}

impl End {
    fn new(side: Side) -> Self {
        Self { table: StreamTable::new(side, limits()), used: Vec::new(), out: VecDeque::new() }
    }

    fn frame(&mut self, frame: StreamFrame<'static>, length: usize) {
        self.out.push_back(Message::Frame(frame, length));
    }

    fn remove(&mut self, id: RequestId) {
        self.used.retain(|used| *used != id);
        if self.table.remove(id).is_some_and(|removed| removed.open) {
            self.frame(StreamFrame::Reset(id, WireError::new(crate::Code::Cancelled, "")), 0);
        }
    }

    fn act(&mut self, op: Op) {
        let pick = |at: usize, used: &[RequestId]| used.get(at % used.len().max(1)).copied();
        match op {
            Op::Open(ended) => {
                if let Ok(id) = self.table.open(ended, VecDeque::new()) {
                    self.used.push(id);
                    self.frame(StreamFrame::Open(id, Open { ended, ..Open::default() }), 0);
                }
            }
            Op::Send(at, length, last) => {
                if let Some(id) = pick(at, &self.used)
                    && self.table.send(id, length, last) == Sending::Now
                {
                    self.frame(StreamFrame::Item { id, last }, length);
                }
            }
            Op::End(at) => {
                if let Some(id) = pick(at, &self.used)
                    && self.table.end(id)
                {
                    self.frame(StreamFrame::End(id), 0);
                }
            }
            Op::Consume(at) => {
                if let Some(id) = pick(at, &self.used)
                    && let Some(length) = self.table.local(id).unwrap().pop_front()
                    && let Some(credit) = self.table.consumed(id, &mut taken(length))
                {
                    self.out.push_back(Message::Credit(id, credit));
                }
            }
            Op::Remove(at) => {
                if let Some(id) = pick(at, &self.used) {
                    self.remove(id);
                }
            }
        }
    }

    /// No honest peer breaks anything.
    fn receive(&mut self, message: Message) -> Result<(), Violation> {
        match message {
            Message::Credit(id, credit) => self.table.handle_credit(id, credit).map(|_| ())?,
            Message::Frame(StreamFrame::Open(id, open), _) => {
                match self.table.handle_open(id, open.ended, 0, VecDeque::new())? {
                    Admission::Admitted => self.used.push(id),
                    Admission::Overloaded => {
                        let error = WireError::new(crate::Code::Overloaded, "");
                        self.frame(StreamFrame::Reset(id, error), 0);
                    }
                }
            }
            Message::Frame(StreamFrame::Item { id, last }, length) => {
                match self.table.handle_item(id, length, last)? {
                    Arrival::Wanted(items) => items.push_back(length),
                    Arrival::Unwanted => {}
                    Arrival::Overrun(_) => {
                        let error = WireError::new(crate::Code::Overloaded, "");
                        self.frame(StreamFrame::Reset(id, error), 0);
                    }
                }
            }
            Message::Frame(StreamFrame::End(id), _) => self.table.handle_end(id).map(|_| ())?,
            Message::Frame(StreamFrame::Reset(id, _), _) => {
                self.table.handle_reset(id).map(|_| ())?;
            }
            Message::Frame(StreamFrame::Stop(id), _) => self.table.handle_stop(id).map(|_| ())?,
        }
        Ok(())
    }

    fn check(&mut self) {
        let held = self.table.held_bytes();
        let ids = self.used.clone();
        let kept: usize =
            ids.into_iter().map(|id| self.table.local(id).unwrap().iter().sum::<usize>()).sum();
        assert_eq!(held, kept);
        assert!(held <= limits().reassembly_max);
        assert!(self.table.len() <= 2 * limits().streams_max);
    }
}

#[derive(Clone, Debug)]
enum Op {
    Open(bool),
    Send(usize, usize, bool),
    End(usize),
    Consume(usize),
    Remove(usize),
}

#[derive(Clone, Debug)]
enum Step {
    Act(bool, Op),
    Deliver(bool),
}

fn step() -> impl Strategy<Value = Step> {
    let at = || 0..6_usize;
    let op = prop_oneof![
        3 => any::<bool>().prop_map(Op::Open),
        8 => (at(), 0..150_usize, prop::bool::weighted(0.1)).prop_map(|(at, n, last)| Op::Send(at, n, last)),
        1 => at().prop_map(Op::End),
        5 => at().prop_map(Op::Consume),
        2 => at().prop_map(Op::Remove),
    ];
    prop_oneof![
        3 => (any::<bool>(), op).prop_map(|(side, op)| Step::Act(side, op)),
        2 => any::<bool>().prop_map(Step::Deliver),
    ]
}

proptest! {
    /// Whatever honest sides do, in whatever order it crosses: no violation, held bytes
    /// add up, and nothing is left when both are done.
    #[test]
    fn two_honest_sides(steps in vec(step(), 1..400)) {
        let mut ends = [End::new(Side::Dialled), End::new(Side::Accepted)];
        let deliver = |from: usize, ends: &mut [End; 2]| {
            ends[from].out.pop_front().is_some_and(|message| {
                match ends[1 - from].receive(message) {
                    // Three in a row are many only for such small limits.
                    Ok(()) | Err(Violation::Request { fault: RequestFault::Flood, .. }) => {}
                    Err(violation) => panic!("{violation}"),
                }
                true
            })
        };
        for step in steps {
            match step {
                Step::Act(side, op) => ends[usize::from(side)].act(op),
                Step::Deliver(from) => drop(deliver(usize::from(from), &mut ends)),
            }
            ends.iter_mut().for_each(End::check);
        }
        for end in &mut ends {
            for id in end.used.clone() {
                end.remove(id);
            }
        }
        while deliver(0, &mut ends) | deliver(1, &mut ends) {}
        for end in &mut ends {
            for id in end.used.clone() {
                end.remove(id);
            }
            prop_assert!(end.table.is_empty());
            prop_assert_eq!(end.table.held_bytes(), 0);
        }
    }

    #[test]
    fn frames_come_back(
        deadline_ms: Option<u64>,
        trace in proptest::option::of((1_u128.., 1_u64.., any::<u8>())),
        ended: bool,
        body in vec(any::<u8>(), 0..20),
        number in 1_u64..,
        credit: (u64, u64),
    ) {
        let trace = trace.map(|(trace, parent, flags)| crate::Traceparent {
            trace: trace.try_into().unwrap(),
            parent: parent.try_into().unwrap(),
            flags,
        });
        let id = id(number);
        let open = Open { deadline_ms, trace, ended, body: &body };
        let error = WireError::new(crate::Code::Cancelled, "no longer");
        for frame in [
            StreamFrame::Open(id, open),
            StreamFrame::Item { id, last: ended },
            StreamFrame::End(id),
            StreamFrame::Reset(id, error),
            StreamFrame::Stop(id),
        ] {
            let mut bytes = Vec::new();
            frame.encode(&mut bytes);
            prop_assert_eq!(StreamFrame::decode(frame.head(), &bytes), Ok(frame));
        }
        let credit = Credit { bytes: credit.0, items: credit.1 };
        for frame in [CreditFrame::Stream(id, credit), CreditFrame::Class(crate::Class::Bulk, credit)] {
            let mut bytes = Vec::new();
            frame.encode(&mut bytes);
            prop_assert_eq!(CreditFrame::decode(frame.head(), &bytes), Ok(frame));
        }
    }
}

fn table() -> StreamTable<()> {
    StreamTable::new(Side::Accepted, limits())
}

/// A table with one stream of the peer's.
fn opened() -> StreamTable<()> {
    let mut table = table();
    assert_eq!(table.handle_open(id(1), false, 0, ()), Ok(Admission::Admitted));
    table
}

fn stream_fault<R: std::fmt::Debug>(outcome: Result<R, Violation>) -> StreamFault {
    match outcome {
        Err(Violation::Stream { fault, .. }) => fault,
        other => panic!("{other:?}"),
    }
}

fn request_fault(outcome: Result<Admission, Violation>) -> RequestFault {
    match outcome {
        Err(Violation::Request { fault, .. }) => fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn ids_that_may_not_open() {
    let mut table = opened();
    assert_eq!(request_fault(table.handle_open(id(2), false, 0, ())), RequestFault::Parity);
    assert_eq!(request_fault(table.handle_open(id(1), false, 0, ())), RequestFault::InFlight);
}

#[test]
fn too_many_are_refused_and_a_flood_is_a_violation() {
    let mut table = opened();
    for n in [3, 5] {
        assert_eq!(table.handle_open(id(n), false, 0, ()), Ok(Admission::Admitted));
    }
    for n in [7, 9, 11] {
        assert_eq!(table.handle_open(id(n), false, 0, ()), Ok(Admission::Overloaded));
    }
    assert!(table.remove(id(1)).unwrap().open, "a removal forgives");
    assert_eq!(table.handle_open(id(13), false, 0, ()), Ok(Admission::Admitted));
    for n in [15, 17, 19] {
        assert_eq!(table.handle_open(id(n), false, 0, ()), Ok(Admission::Overloaded));
    }
    assert_eq!(request_fault(table.handle_open(id(21), false, 0, ())), RequestFault::Flood);
    assert_eq!(table.len(), 3);
    for _ in 0..3 {
        table.open(false, ()).unwrap();
    }
    assert_eq!(table.open(false, ()), Err(StreamsFull { max: 3 }), "ours count for themselves");
}

#[test]
fn more_than_the_credit() {
    let mut table = opened();
    assert!(matches!(table.handle_item(id(1), 60, false), Ok(Arrival::Wanted(()))));
    assert!(matches!(table.handle_item(id(1), 49, false), Ok(Arrival::Wanted(()))));
    assert_eq!(stream_fault(table.handle_item(id(1), 2, false)), StreamFault::Credit);
    let mut table = opened();
    for _ in 0..4 {
        assert!(matches!(table.handle_item(id(1), 0, false), Ok(Arrival::Wanted(()))));
    }
    assert_eq!(stream_fault(table.handle_item(id(1), 0, false)), StreamFault::Credit);
}

/// One item of this length.
fn taken(length: usize) -> Taken {
    let mut taken = Taken::new(&limits());
    taken.add(length);
    taken
}

/// An item costs at most half of the window, so that whatever was sent and taken before,
/// there is credit for one of any length.
#[test]
fn a_long_item_never_waits_for_ever() {
    for before in [0, 1, 49, 50, 51, 99, 100, 300] {
        let mut sender: StreamTable<()> = StreamTable::new(Side::Dialled, limits());
        let stream = sender.open(false, ()).unwrap();
        let mut receiver = opened();
        for length in [before, 350] {
            assert_eq!(sender.send(stream, length, false), Sending::Now, "{before}");
            assert!(matches!(receiver.handle_item(id(1), length, false), Ok(Arrival::Wanted(()))));
            if let Some(credit) = receiver.consumed(id(1), &mut taken(length)) {
                assert_eq!(sender.handle_credit(stream, credit), Ok(Some(&mut ())));
            }
        }
    }
}

#[test]
fn a_sender_waits_for_credit() {
    let mut sender: StreamTable<()> = StreamTable::new(Side::Dialled, limits());
    let stream = sender.open(false, ()).unwrap();
    assert_eq!(sender.send(stream, 350, false), Sending::Now);
    assert_eq!(sender.send(stream, 50, false), Sending::Now);
    assert_eq!(sender.can_send(stream, 1), Sending::NoCredit);
    assert_eq!(sender.send(stream, 1, true), Sending::NoCredit);
    let credit = Credit { bytes: 1, items: 0 };
    assert_eq!(sender.handle_credit(stream, credit), Ok(Some(&mut ())));
    assert_eq!(sender.send(stream, 2, false), Sending::NoCredit);
    assert_eq!(sender.send(stream, 1, true), Sending::Now);
    assert_eq!(sender.send(stream, 0, false), Sending::Over);
}

#[test]
fn after_the_end() {
    let mut table = opened();
    assert!(matches!(table.handle_item(id(1), 1, true), Ok(Arrival::Wanted(()))));
    assert_eq!(stream_fault(table.handle_item(id(1), 1, false)), StreamFault::AfterEnd);
    assert_eq!(stream_fault(table.handle_end(id(1))), StreamFault::AfterEnd);
    let mut table = opened();
    assert_eq!(table.handle_reset(id(1)), Ok(Some(&mut ())));
    assert_eq!(stream_fault(table.handle_item(id(1), 1, false)), StreamFault::AfterEnd);
    assert_eq!(table.send(id(1), 1, false), Sending::Over);
    assert!(!table.remove(id(1)).unwrap().open, "the peer knows");
}

#[test]
fn frames_of_no_stream() {
    let mut table = opened();
    for never in [2, 3, 99] {
        assert_eq!(stream_fault(table.handle_item(id(never), 1, false)), StreamFault::NotOpen);
        assert_eq!(stream_fault(table.handle_end(id(never))), StreamFault::NotOpen);
        assert_eq!(stream_fault(table.handle_stop(id(never))), StreamFault::NotOpen);
        assert_eq!(stream_fault(table.handle_reset(id(never))), StreamFault::NotOpen);
        let credit = Credit { bytes: 1, items: 1 };
        assert_eq!(stream_fault(table.handle_credit(id(never), credit)), StreamFault::NotOpen);
    }
    assert!(table.remove(id(1)).unwrap().open);
    assert!(matches!(table.handle_item(id(1), 1, false), Ok(Arrival::Unwanted)), "crossed");
    assert_eq!(table.handle_stop(id(1)), Ok(None));
}

#[test]
fn credit_beyond_counting() {
    let mut table = opened();
    let all = Credit { bytes: u64::MAX - 100, items: 1 };
    assert_eq!(table.handle_credit(id(1), all), Ok(Some(&mut ())));
    let one = Credit { bytes: 1, items: 0 };
    assert_eq!(stream_fault(table.handle_credit(id(1), one)), StreamFault::CreditOverflow);
}

#[test]
fn all_streams_together_hold_so_much() {
    let mut table = opened();
    assert_eq!(table.handle_open(id(3), false, 350, ()), Ok(Admission::Admitted));
    assert!(matches!(table.handle_item(id(1), 50, false), Ok(Arrival::Wanted(()))));
    assert!(matches!(table.handle_item(id(1), 1, false), Ok(Arrival::Overrun(()))));
    assert!(matches!(table.handle_item(id(1), 1, false), Ok(Arrival::Unwanted)), "it is over");
    assert_eq!(table.handle_end(id(1)), Ok(None));
    assert_eq!(table.handle_open(id(5), false, 1, ()), Ok(Admission::Overloaded));
    table.remove(id(3)).unwrap();
    assert_eq!(table.held_bytes(), 50);
    assert_eq!(table.handle_open(id(5), false, 1, ()), Ok(Admission::Admitted));
}

#[test]
fn open_and_reset_for_ever_leaves_nothing() {
    let mut table = table();
    for n in 0..100_000 {
        let id = id(2 * n + 1);
        assert_eq!(table.handle_open(id, false, 10, ()), Ok(Admission::Admitted));
        assert_eq!(table.handle_reset(id), Ok(Some(&mut ())));
        assert!(!table.remove(id).unwrap().open);
    }
    assert!(table.is_empty());
    assert_eq!(table.held_bytes(), 0);
}

#[test]
fn frames_that_are_none() {
    let bad = |kind, id, payload: &[u8]| {
        let head = FrameHead { kind, id: RequestId::from_u64(id) };
        assert!(StreamFrame::decode(head, payload).is_err(), "{kind:?} {id} {payload:?}");
    };
    for kind in [Kind::Open, Kind::Item, Kind::LastItem, Kind::End, Kind::Reset, Kind::Stop] {
        bad(kind, 0, &[0]);
    }
    bad(Kind::Open, 1, &[]);
    bad(Kind::Open, 1, &[8]);
    bad(Kind::Open, 1, &[2]);
    bad(Kind::Open, 1, &[4, 0]);
    bad(Kind::Open, 1, &[[4].as_slice(), &[0; 25]].concat());
    bad(Kind::End, 1, &[0]);
    bad(Kind::Stop, 1, &[0]);
    bad(Kind::Reset, 1, &[]);
    bad(Kind::Send, 1, &[]);
    for (kind, id, payload) in [
        (Kind::Credit, 0, &[1, 1][..]),
        (Kind::Credit, 1, &[1]),
        (Kind::Credit, 1, &[1, 1, 1]),
        (Kind::ClassCredit, 1, &[4, 1, 1]),
        (Kind::ClassCredit, 0, &[5, 1, 1]),
        (Kind::Tick, 0, &[]),
    ] {
        let head = FrameHead { kind, id: RequestId::from_u64(id) };
        assert!(CreditFrame::decode(head, payload).is_err(), "{kind:?} {id} {payload:?}");
    }
}
