//! A driver whose children do as they are told, unless a test says otherwise.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use holm_proto::supervision::{
    Backoff, ChildSpec, ChildState, Command, Intensity, Life, Moment, Outcome, Policy, Restart,
    Strategy, Supervision, Verdict,
};
use holm_wire::ExitReason;

/// What a child does about a command, in its turn.
enum Reaction {
    Start(String, Life),
    End(Life, ExitReason),
}

pub(super) struct World {
    pub(super) supervision: Supervision,
    pub(super) now: Moment,
    /// What every back-off is given.
    pub(super) random: u64,
    pub(super) outcome: Option<Outcome>,
    /// Whose starts last until [`World::started`].
    pub(super) slow: BTreeSet<&'static str>,
    /// Who does not react to a stop.
    pub(super) stubborn: BTreeSet<&'static str>,
    /// Whose end after a kill lasts until [`World::down`].
    pub(super) immortal: BTreeSet<&'static str>,
    /// Whose starts fail, and how many of them.
    pub(super) failing: BTreeMap<&'static str, usize>,
    lives: BTreeMap<String, Life>,
    names: BTreeMap<Life, String>,
    log: Vec<String>,
}

/// No back-off, and an intensity that nothing reaches.
pub(super) fn policy(strategy: Strategy) -> Policy {
    let intensity = Intensity { restarts: 1000, window: Duration::from_secs(5) };
    Policy { strategy, intensity, backoff: Backoff::NONE }
}

/// Children by their ids; `a:transient` and `a:temporary` are not permanent.
pub(super) fn children(text: &str) -> Vec<ChildSpec> {
    let child = |word: &str| {
        let (id, kind) = word.split_once(':').unwrap_or((word, "permanent"));
        let restart = match kind {
            "permanent" => Restart::Permanent,
            "transient" => Restart::Transient,
            "temporary" => Restart::Temporary,
            other => panic!("no restart kind {other}"),
        };
        ChildSpec { restart, ..ChildSpec::new(id) }
    };
    text.split_whitespace().map(child).collect()
}

pub(super) fn failed(why: &str) -> ExitReason {
    ExitReason::Failed(why.into())
}

pub(super) fn shutdown() -> ExitReason {
    ExitReason::Shutdown("".into())
}

impl World {
    /// A supervisor whose children have not reacted to anything yet.
    pub(super) fn cold(policy: Policy, children: Vec<ChildSpec>) -> Self {
        let now = Moment::default();
        Self {
            supervision: Supervision::new(policy, children, now).unwrap(),
            now,
            random: 0,
            outcome: None,
            slow: BTreeSet::new(),
            stubborn: BTreeSet::new(),
            immortal: BTreeSet::new(),
            failing: BTreeMap::new(),
            lives: BTreeMap::new(),
            names: BTreeMap::new(),
            log: Vec::new(),
        }
    }

    /// A supervisor that is up, with nothing in its log.
    pub(super) fn up(policy: Policy, children: Vec<ChildSpec>) -> Self {
        let mut world = Self::cold(policy, children);
        world.run();
        assert!(world.log.iter().any(|line| line == "ready"), "{:?}", world.log);
        world.log.clear();
        world
    }

    /// Carries out commands until nobody reacts any more.
    pub(super) fn run(&mut self) {
        let mut reactions = VecDeque::new();
        loop {
            self.supervision.validate();
            while let Some(command) = self.supervision.poll_command() {
                reactions.extend(self.carry_out(command));
            }
            match reactions.pop_front() {
                None => return,
                Some(Reaction::Start(id, life)) => self.react_to_start(&id, life),
                Some(Reaction::End(life, reason)) => self.report(life, reason, Verdict::Default),
            }
        }
    }

    fn carry_out(&mut self, command: Command) -> Option<Reaction> {
        assert_eq!(self.outcome, None, "{command:?} after the end");
        match command {
            Command::Start { id, life } => {
                self.log.push(format!("+{id}"));
                self.lives.insert(id.to_string(), life);
                self.names.insert(life, id.to_string());
                Some(Reaction::Start(id.to_string(), life))
            }
            Command::Stop { life, .. } => {
                let id = self.names[&life].as_str();
                self.log.push(format!("-{id}"));
                (!self.stubborn.contains(id)).then(|| Reaction::End(life, shutdown()))
            }
            Command::Kill { life } => {
                let id = self.names[&life].as_str();
                self.log.push(format!("!{id}"));
                (!self.immortal.contains(id)).then_some(Reaction::End(life, ExitReason::Killed))
            }
            Command::Forget { id } => {
                self.log.push(format!("forget:{id}"));
                None
            }
            Command::Ready => {
                self.log.push("ready".to_owned());
                None
            }
            Command::Finished(outcome) => {
                self.log.push("end".to_owned());
                self.outcome = Some(outcome);
                None
            }
        }
    }

    fn react_to_start(&mut self, id: &str, life: Life) {
        if self.slow.contains(id) {
            return;
        }
        if let Some(left) = self.failing.get_mut(id).filter(|left| **left > 0) {
            *left -= 1;
            return self.report(life, failed("no start"), Verdict::Default);
        }
        self.supervision.handle_started(life, self.now);
    }

    fn report(&mut self, life: Life, reason: ExitReason, verdict: Verdict) {
        self.supervision.handle_down(life, reason, verdict, self.now, self.random);
    }

    /// A slow start has succeeded.
    pub(super) fn started(&mut self, id: &str) {
        self.supervision.handle_started(self.lives[id], self.now);
        self.run();
    }

    /// The present life of this child ends.
    pub(super) fn down(&mut self, id: &str, reason: ExitReason, verdict: Verdict) {
        self.report(self.lives[id], reason, verdict);
        self.run();
    }

    pub(super) fn crash(&mut self, id: &str) {
        self.down(id, failed("crash"), Verdict::Default);
    }

    pub(super) fn lose(&mut self, id: &str) {
        self.supervision.handle_lost(self.lives[id], self.now, self.random);
        self.run();
    }

    pub(super) fn stop(&mut self) {
        self.supervision.stop(shutdown(), self.now);
        self.run();
    }

    /// Lets this time pass, with every deadline in it.
    pub(super) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(deadline) = self.supervision.next_deadline().filter(|next| *next <= end) {
            self.now = self.now.max(deadline);
            self.supervision.handle_timeout(self.now);
            self.run();
        }
        self.now = end;
    }

    /// What has happened since the last look: `+a` a start, `-a` a stop, `!a` a kill.
    pub(super) fn log(&mut self) -> String {
        std::mem::take(&mut self.log).join(" ")
    }

    pub(super) fn state(&self, id: &str) -> Option<ChildState> {
        self.supervision.child(&id.into(), self.now).map(|view| view.state)
    }

    pub(super) fn life(&self, id: &str) -> Life {
        self.lives[id]
    }
}
