//! Random events against a supervisor of each strategy, watched by a model of its children.
//!
//! First chaos, then a driver that does everything it is told: the supervisor must come to
//! rest, and then stop.

mod steps;

use std::{collections::BTreeMap, time::Duration};

use holm_proto::supervision::{
    ChildId, ChildSpec, ChildState, Command, Life, Moment, Policy, ShutdownTime, Strategy,
    Supervision, Verdict,
};
use holm_wire::ExitReason;
use proptest::{collection::vec, prelude::ProptestConfig, proptest, sample::Index};

use super::world::shutdown;
use steps::{Step, policy, spec, step};

/// Steps to come to rest: some for each child and each doubling, and far from for ever.
const STEPS_MAX: usize = 10_000;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    Starting { since: Moment },
    Running,
    Stopping { since: Moment, grace: Option<Duration> },
    Killed,
}

/// What the model knows of a living child.
#[derive(Debug)]
struct Living {
    place: usize,
    spec: ChildSpec,
    phase: Phase,
}

struct Model {
    supervision: Supervision,
    strategy: Strategy,
    now: Moment,
    /// Every child there is, with its place in the start order.
    children: BTreeMap<ChildId, (usize, ChildSpec)>,
    places: usize,
    living: BTreeMap<Life, Living>,
    finished: bool,
}

impl Model {
    fn new(policy: Policy, specs: Vec<ChildSpec>) -> Self {
        let now = Moment::default();
        let children: BTreeMap<_, _> = (specs.iter().enumerate())
            .map(|(place, spec)| (spec.id.clone(), (place, spec.clone())))
            .collect();
        let places = specs.len();
        let supervision = Supervision::new(policy, specs, now).unwrap();
        let (living, finished) = (BTreeMap::new(), false);
        let strategy = policy.strategy;
        Self { supervision, strategy, now, children, places, living, finished }
    }

    /// Takes all commands. A stop of `exempt` needs no turn: the user asked for it.
    fn poll(&mut self, exempt: Option<&ChildId>) {
        self.supervision.validate();
        while let Some(command) = self.supervision.poll_command() {
            assert!(!self.finished, "{command:?} after the end");
            match command {
                Command::Start { id, life } => self.start(&id, life),
                Command::Stop { life, grace } => {
                    self.check_turn(life, exempt);
                    let child = self.living.get_mut(&life).expect("a stop of the dead");
                    assert!(matches!(child.phase, Phase::Starting { .. } | Phase::Running));
                    child.phase = Phase::Stopping { since: self.now, grace };
                }
                Command::Kill { life } => self.kill(life, exempt),
                Command::Forget { id } => {
                    let alive = self.living.values().any(|child| child.spec.id == id);
                    assert!(!alive, "{id} is forgotten alive");
                    self.children.remove(&id).expect("forgotten twice");
                }
                Command::Ready => {}
                Command::Finished(_) => {
                    assert!(self.living.is_empty(), "it ended before {:?}", self.living);
                    self.finished = true;
                }
            }
        }
    }

    fn start(&mut self, id: &ChildId, life: Life) {
        let (place, spec) = self.children[id].clone();
        for other in self.living.values() {
            assert_ne!(other.spec.id, *id, "two lives of one child");
            let group = matches!(self.strategy, Strategy::OneForAll | Strategy::RestForOne);
            assert!(!group || other.phase == Phase::Running, "{id} started before {other:?}");
        }
        let phase = Phase::Starting { since: self.now };
        assert!(self.living.insert(life, Living { place, spec, phase }).is_none());
    }

    /// Stops go from the last child to the first, but for those of `Dynamic`.
    fn check_turn(&self, life: Life, exempt: Option<&ChildId>) {
        let child = &self.living[&life];
        if self.strategy != Strategy::Dynamic && exempt != Some(&child.spec.id) {
            let later = self.living.values().find(|other| other.place > child.place);
            assert!(later.is_none(), "{child:?} is stopped before {later:?}");
        }
    }

    fn kill(&mut self, life: Life, exempt: Option<&ChildId>) {
        let child = &self.living[&life];
        match child.phase {
            Phase::Stopping { since, grace } => {
                assert_eq!(self.now, since + grace.expect("it had all the time"));
            }
            Phase::Starting { since }
                if child.spec.start_time.is_some_and(|time| since + time == self.now) => {}
            Phase::Starting { .. } | Phase::Running => {
                assert_eq!(child.spec.shutdown, ShutdownTime::Kill, "{child:?} had time");
                self.check_turn(life, exempt);
            }
            Phase::Killed => panic!("{child:?} is killed twice"),
        }
        self.living.get_mut(&life).unwrap().phase = Phase::Killed;
    }

    fn apply(&mut self, step: Step) {
        let lives: Vec<Life> = self.living.keys().copied().collect();
        let pick = |at: Index| (!lives.is_empty()).then(|| lives[at.index(lives.len())]);
        let mut commanded = None;
        match step {
            Step::Started(at) => pick(at).into_iter().for_each(|life| self.started(life)),
            Step::End(at, reason, verdict) => {
                pick(at).into_iter().for_each(|life| self.end(life, reason.clone(), verdict));
            }
            Step::Lost(at) => {
                if let Some(life) = pick(at) {
                    self.living.remove(&life);
                    self.supervision.handle_lost(life, self.now, 7);
                }
            }
            Step::Pass(time) => self.pass(time),
            Step::Add(spec) => {
                if self.supervision.add(spec.clone(), self.now).is_ok() {
                    let old = self.children.insert(spec.id.clone(), (self.places, spec));
                    assert!(old.is_none(), "an id is used twice");
                    self.places += 1;
                }
            }
            Step::Restart(id) => {
                let _ = self.supervision.restart(&id, self.now);
                commanded = Some(id);
            }
            Step::StopChild(id) => {
                let _ = self.supervision.stop_child(&id, self.now);
                commanded = Some(id);
            }
            Step::Remove(id) => {
                let _ = self.supervision.remove(&id, self.now);
                commanded = Some(id);
            }
            Step::Stop => self.supervision.stop(shutdown(), self.now),
        }
        self.poll(commanded.as_ref());
    }

    fn started(&mut self, life: Life) {
        let child = self.living.get_mut(&life).unwrap();
        if let Phase::Starting { .. } = child.phase {
            child.phase = Phase::Running;
        }
        self.supervision.handle_started(life, self.now);
    }

    fn end(&mut self, life: Life, reason: ExitReason, verdict: Verdict) {
        self.living.remove(&life);
        self.supervision.handle_down(life, reason, verdict, self.now, u64::MAX / 3);
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(next) = self.supervision.next_deadline().filter(|next| *next <= end) {
            self.now = next;
            self.supervision.handle_timeout(next);
            self.poll(None);
        }
        self.now = end;
    }

    /// Does all that is to be done, until nothing is.
    fn rest(&mut self) {
        for _ in 0..STEPS_MAX {
            let busy = self.living.iter().find(|(_, child)| child.phase != Phase::Running);
            match (busy.map(|(life, child)| (*life, child.phase)), self.supervision.next_deadline())
            {
                (Some((life, Phase::Starting { .. })), _) => self.started(life),
                (Some((life, _)), _) => self.end(life, shutdown(), Verdict::Default),
                (None, Some(next)) => self.pass(next.since(self.now)),
                (None, None) => return,
            }
            self.poll(None);
        }
        panic!("it never rests: {:?}", self.supervision);
    }
}

fn run(policy: Policy, specs: Vec<ChildSpec>, steps: Vec<Step>) {
    let mut model = Model::new(policy, specs);
    model.poll(None);
    for step in steps {
        model.apply(step);
    }
    model.rest();
    for view in model.supervision.children(model.now) {
        let runs = model.living.values().any(|child| child.spec.id == view.spec.id);
        let expected = if runs { ChildState::Running } else { ChildState::Ended };
        assert_eq!(view.state, expected, "at rest, {}", view.spec.id);
    }
    model.apply(Step::Stop);
    model.rest();
    assert!(model.finished, "it does not end");
    assert_eq!(model.supervision.next_deadline(), None);
}

/// A minute's worth if `HOLM_LONG` is set.
fn config() -> ProptestConfig {
    let cases = if std::env::var("HOLM_LONG").as_deref() == Ok("1") { 50_000 } else { 512 };
    ProptestConfig { cases, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]
    #[test]
    fn order_holds_and_nothing_hangs(
        policy in policy(),
        specs in vec(spec(), 0..6),
        steps in vec(step(), 0..150),
    ) {
        let mut specs = specs;
        specs.sort_by(|a, b| a.id.cmp(&b.id));
        specs.dedup_by(|a, b| a.id == b.id);
        run(policy, specs, steps);
    }
}
