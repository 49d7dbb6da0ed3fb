//! Random operations against a `VecDeque` with a bound.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use holm_cell::{Cell, Closed, Consumer, PushError, Sending, cell};
use proptest::prelude::*;

use crate::support::{Wakes, capacity};

#[derive(Debug, Clone)]
enum Step {
    Push,
    PushUnbounded,
    PushAll(usize),
    Pop(usize),
    Publish,
    PollReady,
    Send,
    PollSends,
    CancelSend(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => Just(Step::Push),
        1 => Just(Step::PushUnbounded),
        1 => (0..100usize).prop_map(Step::PushAll),
        4 => (1..50usize).prop_map(Step::Pop),
        2 => Just(Step::Publish),
        2 => Just(Step::PollReady),
        4 => Just(Step::Send),
        4 => Just(Step::PollSends),
        1 => any::<usize>().prop_map(Step::CancelSend),
    ]
}

/// A sender that waits, with its message and its wakes.
struct Waiting {
    number: u64,
    sending: Sending<Arc<Cell<u64, ()>>, u64, ()>,
    wakes: Arc<Wakes>,
    seen: usize,
}

struct World {
    cell: Arc<Cell<u64, ()>>,
    consumer: Consumer<u64, ()>,
    queue: VecDeque<u64>,
    waiting: Vec<Waiting>,
    wakes: Arc<Wakes>,
    parked: Option<usize>,
    next: u64,
}

impl World {
    fn new(bound: u32) -> Self {
        let (cell, consumer) = cell(capacity(bound), ());
        Self {
            cell,
            consumer,
            queue: VecDeque::new(),
            waiting: Vec::new(),
            wakes: Wakes::new().0,
            parked: None,
            next: 0,
        }
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn apply(&mut self, step: Step) {
        let before = self.queue.len();
        match step {
            Step::Push => self.push(),
            Step::PushUnbounded => {
                let number = self.number();
                self.cell.push_unbounded(number).unwrap();
                self.queue.push_back(number);
            }
            Step::PushAll(count) => {
                let mut run: Vec<u64> = (0..count).map(|_| self.number()).collect();
                self.queue.extend(&run);
                self.cell.push_all(&mut run).unwrap();
            }
            Step::Pop(count) => {
                for _ in 0..count {
                    assert_eq!(self.consumer.pop(), self.queue.pop_front());
                }
                self.parked = None;
            }
            Step::Publish => self.consumer.publish(),
            Step::PollReady => self.poll_ready(),
            Step::Send => {
                let number = self.number();
                let sending = Cell::send_owned(self.cell.clone(), number);
                self.waiting.push(Waiting { number, sending, wakes: Wakes::new().0, seen: 0 });
                self.poll_send(self.waiting.len() - 1);
            }
            Step::PollSends => self.poll_woken(),
            Step::CancelSend(which) if !self.waiting.is_empty() => {
                let which = which % self.waiting.len();
                drop(self.waiting.remove(which));
            }
            Step::CancelSend(_) => {}
        }
        if let Some(wakes) = self.parked {
            let woken = self.queue.len() > before || wakes < self.wakes.count();
            assert_eq!(self.wakes.count(), wakes + usize::from(woken && before == 0));
            if woken {
                self.parked = None;
            }
        }
        assert_eq!(self.consumer.len(), self.queue.len());
    }

    fn push(&mut self) {
        let bound = self.cell.capacity().messages() as usize;
        let number = self.number();
        match self.cell.push(number) {
            Ok(()) => {
                assert!(self.queue.len() < bound, "beyond the bound");
                self.queue.push_back(number);
            }
            Err(PushError::Full(back)) => {
                assert_eq!(back, number);
                assert!(self.queue.len() + (bound / 4).max(1) > bound, "full too early");
                self.consumer.publish();
                assert_eq!(self.cell.push(number).is_err(), self.queue.len() >= bound);
                if self.queue.len() < bound {
                    self.queue.push_back(number);
                }
            }
            Err(other) => panic!("{other}"),
        }
    }

    fn poll_ready(&mut self) {
        let waker = self.wakes.clone().into();
        let ready = self.consumer.poll_ready(&mut Context::from_waker(&waker));
        assert_eq!(ready.is_ready(), !self.queue.is_empty());
        self.parked = ready.is_pending().then(|| self.wakes.count());
        let unserved = |waiting: &Waiting| waiting.wakes.count() == waiting.seen;
        let woken = self.waiting.iter().filter(|waiting| !unserved(waiting)).count();
        let bound = self.cell.capacity().messages() as usize;
        assert!(
            ready.is_ready() || woken >= self.waiting.len().min(bound),
            "the queue is empty, and only {woken} waiters are woken"
        );
    }

    fn poll_send(&mut self, which: usize) {
        let waiting = &mut self.waiting[which];
        waiting.seen = waiting.wakes.count();
        let waker = waiting.wakes.clone().into();
        match Pin::new(&mut waiting.sending).poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(sent) => {
                sent.unwrap();
                let number = self.waiting.remove(which).number;
                self.queue.push_back(number);
            }
            Poll::Pending => {
                let bound = self.cell.capacity().messages() as usize;
                assert!(self.queue.len() + (bound / 4).max(1) > bound, "waits with room");
            }
        }
    }

    fn poll_woken(&mut self) {
        let mut which = 0;
        while let Some(waiting) = self.waiting.get(which) {
            let left = self.waiting.len();
            if waiting.wakes.count() > waiting.seen {
                self.poll_send(which);
            }
            which += usize::from(self.waiting.len() == left);
        }
    }

    /// Serves all waiters by wakes alone, then closes.
    fn finish(mut self) {
        while !self.waiting.is_empty() || !self.queue.is_empty() {
            self.apply(Step::Pop(50));
            self.apply(Step::PollReady);
            self.apply(Step::PollSends);
        }
        let drain = self.consumer.close();
        assert_eq!(drain.len(), 0);
        assert_eq!(self.cell.push_unbounded(0), Err(Closed(0)));
    }
}

proptest! {
    #[test]
    fn behaves_like_a_bounded_deque(
        bound in prop_oneof![Just(1u32), 2..10u32, 30..200u32],
        steps in prop::collection::vec(step(), 1..300),
    ) {
        let mut world = World::new(bound);
        for step in steps {
            world.apply(step);
        }
        world.finish();
    }
}
