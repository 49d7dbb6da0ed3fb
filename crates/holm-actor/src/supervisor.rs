//! Supervisors: actors that start others, stop them in order and start them anew.
//!
//! What is done when is decided by [`holm_proto::supervision`]; here is the actor that does it.

mod plan;
mod starter;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use holm_env::Task;
use holm_proto::supervision::{
    ChildError, ChildId, ChildSpec, Command, Life, Moment, Outcome, Outlook, Policy, ShutdownTime,
    Strategy, Supervision, TreeNode, Verdict,
};
use holm_wire::{ExitReason, Pid};
use tokio::sync::oneshot;
use tokio::time::Instant;

pub use self::plan::{StartError, SupervisorPlan};
pub(crate) use self::starter::StartChild;
use crate::slot::Slot;
use crate::{Actor, AnyCell, Context, Exit, PlainApi, Ref, Reply, Signal, SpawnError};

/// A crash of a child, as the hook of a supervisor sees it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Crash {
    /// Which child.
    pub child: ChildId,
    /// Its pid.
    pub pid: Pid,
    /// Why it ended.
    pub reason: ExitReason,
    /// The message that it was handling.
    pub message: Option<&'static str>,
}

/// Decides what becomes of a crashed child.
pub(crate) type CrashHook = Arc<dyn Fn(&Crash) -> Verdict + Send + Sync>;

/// The actor of a supervisor. It is made by [`ActorSystem::supervisor`](crate::ActorSystem::supervisor)
/// and answers the methods of [`Ref<Supervisor>`].
pub struct Supervisor {
    machine: Supervision,
    clock: Instant,
    starters: BTreeMap<ChildId, Starter>,
    lives: BTreeMap<Life, Living>,
    by_pid: BTreeMap<Pid, Life>,
    hook: Option<CrashHook>,
    policy: Policy,
    /// Its place under a supervisor of its own.
    place: Option<Arc<Slot<Self>>>,
    /// Who waits for all children to have started.
    ready: Option<oneshot::Sender<Result<(), Outcome>>>,
    /// Who waits for a child to be gone.
    removals: BTreeMap<ChildId, Reply<Result<(), ChildError>>>,
    /// Wakes it at the machine's next deadline.
    alarm: Option<(Moment, Task)>,
}

/// Starts one child again and again; shared by the lives of a nested supervisor.
pub(crate) type Starter = Arc<parking_lot::Mutex<dyn StartChild>>;

/// One life of a child.
struct Living {
    child: ChildId,
    cell: Arc<dyn AnyCell>,
}

/// What a supervisor is asked.
pub enum SupervisorMsg {
    /// Add a child.
    #[doc(hidden)]
    Add(ChildSpec, NewChild, Reply<Result<(), ChildError>>),
    /// Restart a child.
    #[doc(hidden)]
    Restart(ChildId, Reply<Result<(), ChildError>>),
    /// Stop a child, to be restarted on request.
    #[doc(hidden)]
    StopChild(ChildId, Reply<Result<(), ChildError>>),
    /// Stop a child for good.
    #[doc(hidden)]
    Remove(ChildId, Reply<Result<(), ChildError>>),
    /// What there is below it.
    #[doc(hidden)]
    Tree(Reply<Branch>),
    /// A deadline may have come.
    #[doc(hidden)]
    Tick,
}

/// How a child that is added at run time is started.
pub struct NewChild(pub(crate) Starter);

impl Supervisor {
    pub(crate) fn new(
        policy: Policy,
        children: Vec<(ChildSpec, Starter)>,
        hook: Option<CrashHook>,
        place: Option<Arc<Slot<Self>>>,
    ) -> Result<Self, ChildError> {
        let clock = Instant::now();
        let specs = children.iter().map(|(spec, _)| spec.clone()).collect();
        let machine = Supervision::new(policy, specs, Moment::default())?;
        Ok(Self {
            machine,
            clock,
            starters: children.into_iter().map(|(spec, starter)| (spec.id, starter)).collect(),
            lives: BTreeMap::new(),
            by_pid: BTreeMap::new(),
            hook,
            policy,
            place,
            ready: None,
            removals: BTreeMap::new(),
            alarm: None,
        })
    }

    /// Hears once whether all children that it was made with have started.
    fn started_or_not(&mut self) -> oneshot::Receiver<Result<(), Outcome>> {
        let (ready, started) = oneshot::channel();
        self.ready = Some(ready);
        started
    }

    fn now(&self) -> Moment {
        Moment::after_start(self.clock.elapsed())
    }

    /// Carries out what the machine wants, then sets the alarm.
    fn drive(&mut self, cx: &mut Context<Self>) {
        while let Some(command) = self.machine.poll_command() {
            match command {
                Command::Start { id, life } => self.start_child(&id, life, cx),
                Command::Stop { life, grace: _ } => {
                    if let Some(living) = self.lives.get(&life) {
                        self.tell_references(&living.child);
                        living.cell.exit(Some(cx.pid()), shutdown());
                    }
                }
                Command::Kill { life } => {
                    if let Some(living) = self.lives.get(&life) {
                        self.tell_references(&living.child);
                        living.cell.kill();
                    }
                }
                Command::Forget { id } => {
                    self.tell_references(&id);
                    self.starters.remove(&id);
                    if let Some(reply) = self.removals.remove(&id) {
                        reply.send(Ok(()));
                    }
                }
                Command::Ready => {
                    self.report(Ok(()));
                    cx.report_started();
                }
                Command::Finished(outcome) => self.finish(outcome, cx),
            }
        }
        self.set_alarm(cx);
    }

    fn start_child(&mut self, id: &ChildId, life: Life, cx: &Context<Self>) {
        let Some(starter) = self.starters.get(id) else {
            unreachable!("a child has a starter until it is forgotten");
        };
        let outlook = match self.hook {
            // What it is going to say is not known.
            Some(_) => Outlook::Restart,
            None => self.outlook(id),
        };
        let started = starter.lock().start(cx, outlook);
        match started {
            Ok(cell) => {
                self.by_pid.insert(cell.pid(), life);
                self.lives.insert(life, Living { child: id.clone(), cell });
            }
            Err(SpawnError(text)) => {
                let reason = ExitReason::Failed(text.into());
                self.end_life(id.clone(), life, reason, Verdict::Default, cx);
            }
        }
    }

    fn end_life(
        &mut self,
        child: ChildId,
        life: Life,
        reason: ExitReason,
        verdict: Verdict,
        cx: &Context<Self>,
    ) {
        let (now, random) = (self.now(), cx.system().env().random_u64());
        self.machine.handle_down(life, reason, verdict, now, random);
        self.tell_references(&child);
    }

    /// Has the references to a child say what follows its present life.
    fn tell_references(&self, child: &ChildId) {
        if let Some(starter) = self.starters.get(child) {
            starter.lock().expect(self.outlook(child));
        }
    }

    /// What follows the present life of a child.
    fn outlook(&self, child: &ChildId) -> Outlook {
        match self.machine.outcome() {
            Some(outcome) => self.outlook_after(&outcome.exit_reason()),
            None => self.machine.child(child, self.now()).map_or(Outlook::End, |it| it.outlook),
        }
    }

    /// What follows for the children when this supervisor ends with `reason`: its own supervisor
    /// may start it, and with it them, anew.
    fn outlook_after(&self, reason: &ExitReason) -> Outlook {
        match &self.place {
            Some(place) if place.outlook().restarts_after(reason) => Outlook::Restart,
            Some(_) | None => Outlook::End,
        }
    }

    /// Tells who waits for the start.
    fn report(&mut self, outcome: Result<(), Outcome>) {
        if let Some(ready) = self.ready.take() {
            // It may have given up waiting.
            let _ = ready.send(outcome);
        }
    }

    fn finish(&mut self, outcome: Outcome, cx: &mut Context<Self>) {
        cx.stop(outcome.exit_reason());
        self.report(Err(outcome));
    }

    /// Has a `Tick` come at the next deadline.
    fn set_alarm(&mut self, cx: &Context<Self>) {
        let next = self.machine.next_deadline();
        if self.alarm.as_ref().map(|(at, _)| *at) == next {
            return;
        }
        if let Some((_, task)) = self.alarm.take() {
            task.abort();
        }
        let Some(at) = next else { return };
        let when = self.clock + at.since(Moment::default());
        let me = cx.me();
        let task = cx.system().env().spawn(async move {
            tokio::time::sleep_until(when).await;
            // Ended meanwhile, it has no deadlines.
            let _ = me.send(SupervisorMsg::Tick).await;
        });
        self.alarm = Some((at, task));
    }

    fn handle_exit(&mut self, exit: Exit, cx: &Context<Self>) {
        let child = exit.from.and_then(|from| Some((from, *self.by_pid.get(&from)?)));
        match child {
            Some((from, life)) if exit.linked => {
                self.by_pid.remove(&from);
                let Some(Living { child, cell }) = self.lives.remove(&life) else { return };
                let verdict = self.hook.as_ref().map_or(Verdict::Default, |hook| {
                    hook(&Crash {
                        child: child.clone(),
                        pid: cell.pid(),
                        reason: exit.reason.clone(),
                        message: cell.info().handling,
                    })
                });
                self.end_life(child, life, exit.reason, verdict, cx);
            }
            // Somebody else's end, as it should be.
            None if exit.linked && exit.reason == ExitReason::Normal => {}
            // A child that asks its supervisor to end is heard as anybody is.
            Some(_) | None => self.machine.stop(exit.reason, self.now()),
        }
    }

    /// Its children, and which of them are supervisors.
    fn branch(&self) -> Branch {
        let nodes: Vec<TreeNode> = self.machine.children(self.now()).map(TreeNode::from).collect();
        let starter = |node: &TreeNode| self.starters.get(&node.id)?.lock().nested();
        Branch {
            strategy: self.policy.strategy,
            nested: nodes.iter().map(starter).collect(),
            nodes,
        }
    }
}

/// One level of a supervision tree.
#[derive(Debug)]
pub struct Branch {
    pub(crate) strategy: Strategy,
    pub(crate) nodes: Vec<TreeNode>,
    /// Those that are supervisors, by their places in `nodes`.
    pub(crate) nested: Vec<Option<Ref<Supervisor>>>,
}

/// What a supervisor tells its children to stop.
fn shutdown() -> ExitReason {
    ExitReason::Shutdown("stopped by its supervisor".into())
}

impl Actor for Supervisor {
    type Msg = SupervisorMsg;
    type Api = PlainApi<Self>;

    const MESSAGES: &'static [&'static str] = &["supervise"];

    async fn started(&mut self, cx: &mut Context<Self>) -> Result<(), ExitReason> {
        cx.trap_exits(true);
        self.drive(cx);
        Ok(())
    }

    async fn handle(&mut self, msg: SupervisorMsg, cx: &mut Context<Self>) {
        let now = self.now();
        match msg {
            SupervisorMsg::Add(spec, NewChild(starter), reply) => {
                let id = spec.id.clone();
                let added = self.machine.add(spec, now);
                if added.is_ok() {
                    self.starters.insert(id, starter);
                }
                reply.send(added);
            }
            SupervisorMsg::Restart(id, reply) => reply.send(self.machine.restart(&id, now)),
            SupervisorMsg::StopChild(id, reply) => {
                let outcome = self.machine.stop_child(&id, now);
                self.tell_references(&id);
                reply.send(outcome);
            }
            SupervisorMsg::Remove(id, reply) => match self.machine.remove(&id, now) {
                Ok(()) => {
                    self.removals.insert(id, reply);
                }
                Err(error) => reply.send(Err(error)),
            },
            SupervisorMsg::Tree(reply) => reply.send(self.branch()),
            SupervisorMsg::Tick => self.machine.handle_timeout(now),
        }
        self.drive(cx);
    }

    async fn signal(&mut self, signal: Signal, cx: &mut Context<Self>) {
        match signal {
            Signal::Exit(exit) => self.handle_exit(exit, cx),
            Signal::Started(pid) => {
                if let Some(life) = self.by_pid.get(&pid) {
                    self.machine.handle_started(*life, self.now());
                }
            }
            Signal::Down(_) | Signal::Idle => {}
        }
        self.drive(cx);
    }

    /// Ended from outside, it stops its children itself: one after the other, the last first.
    async fn stopped(&mut self, reason: &ExitReason, cx: &mut Context<Self>) {
        if let Some((_, alarm)) = self.alarm.take() {
            alarm.abort();
        }
        while let Some((_, Living { child, cell })) = self.lives.pop_last() {
            if let Some(starter) = self.starters.get(&child) {
                starter.lock().expect(self.outlook_after(reason));
            }
            let time = self.machine.child(&child, self.now()).map(|view| view.spec.shutdown);
            let mut down = cx.system().monitor(cell.pid());
            match time {
                Some(ShutdownTime::Kill) | None => cell.kill(),
                Some(ShutdownTime::Infinity) => cell.exit(Some(cx.pid()), shutdown()),
                Some(ShutdownTime::After(time)) => {
                    cell.exit(Some(cx.pid()), shutdown());
                    if tokio::time::timeout(time, &mut down).await.is_ok() {
                        continue;
                    }
                    cell.kill();
                }
            }
            down.await;
        }
    }
}

impl Drop for Supervisor {
    /// Killed, it stops nobody: its children end by their link. Their slots go with it, but for
    /// those that a supervisor of its own will fill again.
    fn drop(&mut self) {
        if let Some((_, alarm)) = self.alarm.take() {
            alarm.abort();
        }
    }
}

impl fmt::Debug for Supervisor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Supervisor").field("machine", &self.machine).finish_non_exhaustive()
    }
}

impl fmt::Debug for SupervisorMsg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SupervisorMsg")
    }
}

impl fmt::Debug for NewChild {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewChild")
    }
}
