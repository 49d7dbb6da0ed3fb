//! What a supervisor is made from, and how it is started.

use std::sync::Arc;

use holm_proto::supervision::{
    ChildError, ChildId, ChildSpec, Outcome, Outlook, Policy, ShutdownTime, TreeNode, Verdict,
};
use parking_lot::Mutex;

use super::starter::{Nested, Worker};
use super::{Branch, Crash, CrashHook, NewChild, Starter, Supervisor, SupervisorMsg};
use crate::slot::{Slot, SlotOwner};
use crate::{Actor, ActorSystem, Call, CallError, Ref, SpawnError, SpawnOptions};

/// Why a supervisor did not start. Children that had started were stopped.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum StartError {
    /// Its children do not go together.
    #[error(transparent)]
    Child(#[from] ChildError),
    /// It gave up before all children had started.
    #[error("{0}")]
    GaveUp(String),
    /// It was ended from outside meanwhile.
    #[error("the supervisor ended before its children had started: {0}")]
    Ended(CallError),
}

impl From<Outcome> for StartError {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Stopped(reason) => Self::Ended(CallError::Exited(reason)),
            Outcome::StartFailed { .. }
            | Outcome::TooManyRestarts { .. }
            | Outcome::Escalated { .. } => Self::GaveUp(outcome.to_string()),
        }
    }
}

/// A supervisor to be: its policy and its children, in start order.
#[must_use = "a plan does nothing until it is started"]
pub struct SupervisorPlan {
    system: ActorSystem,
    policy: Policy,
    children: Vec<(ChildSpec, Starter)>,
    hook: Option<CrashHook>,
}

impl ActorSystem {
    /// A supervisor, to be given children and started.
    pub fn supervisor(&self, policy: Policy) -> SupervisorPlan {
        SupervisorPlan { system: self.clone(), policy, children: Vec::new(), hook: None }
    }
}

impl SupervisorPlan {
    /// Adds a child, made anew by `make` for each life. The reference is good for all of its
    /// lives; between them, messages are handed back as `Restarting`.
    pub fn child<A: Actor>(
        &mut self,
        spec: ChildSpec,
        options: SpawnOptions,
        make: impl FnMut() -> Result<A, SpawnError> + Send + 'static,
    ) -> Ref<A> {
        let (starter, child) = worker(&self.system, &spec, options, make);
        self.children.push((spec, starter));
        child
    }

    /// Adds a supervisor as a child. References to its own children stay good when it is
    /// restarted; children that were added to it at run time are not started again.
    pub fn nested(&mut self, spec: ChildSpec, plan: Self) -> Ref<Supervisor> {
        let slot = SlotOwner::new(&self.system);
        let child = slot.reference();
        self.children.push((spec, Arc::new(Mutex::new(Nested { plan, slot }))));
        child
    }

    /// Has `hook` decide what becomes of children that crash. It runs in the supervisor: it is to
    /// be quick.
    pub fn on_crash(mut self, hook: impl Fn(&Crash) -> Verdict + Send + Sync + 'static) -> Self {
        self.hook = Some(Arc::new(hook));
        self
    }

    /// Starts the supervisor and its children, one after the other. Dropped half-way, it leaves
    /// the supervisor to itself.
    ///
    /// # Errors
    /// [`StartError`]; nothing is left running.
    pub async fn start(self) -> Result<Ref<Supervisor>, StartError> {
        let mut actor = self.actor(None)?;
        let started = actor.started_or_not();
        let supervisor = self.system.spawn_with(actor, Self::options());
        let end = self.system.monitor(supervisor.pid());
        match started.await {
            Ok(Ok(())) => Ok(supervisor),
            Ok(Err(outcome)) => {
                end.await;
                Err(outcome.into())
            }
            Err(_) => Err(StartError::Ended(CallError::Exited(end.await.reason))),
        }
    }

    pub(super) fn actor(
        &self,
        place: Option<Arc<Slot<Supervisor>>>,
    ) -> Result<Supervisor, ChildError> {
        Supervisor::new(self.policy, self.children.clone(), self.hook.clone(), place)
    }

    /// A supervisor takes the time that its children take.
    pub(super) fn options() -> SpawnOptions {
        SpawnOptions::default().trap_exits().shutdown_time(None)
    }

    /// There are no children any more, unless the supervisor is started again.
    pub(super) fn retire(&self) {
        for (_, starter) in &self.children {
            starter.lock().expect(Outlook::End);
        }
    }
}

fn worker<A: Actor>(
    system: &ActorSystem,
    spec: &ChildSpec,
    options: SpawnOptions,
    make: impl FnMut() -> Result<A, SpawnError> + Send + 'static,
) -> (Starter, Ref<A>) {
    // The supervisor's time is the limit; the actor's own must not cut it short.
    let options = match spec.shutdown {
        ShutdownTime::After(time) => options.shutdown_time(Some(time)),
        ShutdownTime::Infinity => options.shutdown_time(None),
        ShutdownTime::Kill => options,
    };
    let slot = SlotOwner::new(system);
    let child = slot.reference();
    (Arc::new(Mutex::new(Worker { make, options, slot })), child)
}

impl Ref<Supervisor> {
    /// Adds a child and starts it, after those that are there. It answers before the start has
    /// succeeded; a first start that fails makes the child forgotten.
    ///
    /// # Errors
    /// [`StartError`]; the supervisor is unchanged.
    pub async fn add_child<A: Actor>(
        &self,
        system: &ActorSystem,
        spec: ChildSpec,
        options: SpawnOptions,
        make: impl FnMut() -> Result<A, SpawnError> + Send + 'static,
    ) -> Result<Ref<A>, StartError> {
        let (starter, child) = worker(system, &spec, options, make);
        answered(self.ask(|reply| SupervisorMsg::Add(spec, NewChild(starter), reply))).await?;
        Ok(child)
    }

    /// Starts a child that has ended, or stops and starts one that lives.
    ///
    /// # Errors
    /// [`StartError`]; nothing has changed.
    pub async fn restart_child(&self, id: impl Into<ChildId>) -> Result<(), StartError> {
        let id = id.into();
        answered(self.ask(|reply| SupervisorMsg::Restart(id, reply))).await
    }

    /// Stops a child, which stays known and can be restarted.
    ///
    /// # Errors
    /// [`StartError`]; nothing has changed.
    pub async fn stop_child(&self, id: impl Into<ChildId>) -> Result<(), StartError> {
        let id = id.into();
        answered(self.ask(|reply| SupervisorMsg::StopChild(id, reply))).await
    }

    /// Stops a child for good; answers when it has ended.
    ///
    /// # Errors
    /// [`StartError`]; nothing has changed.
    pub async fn remove_child(&self, id: impl Into<ChildId>) -> Result<(), StartError> {
        let id = id.into();
        answered(self.ask(|reply| SupervisorMsg::Remove(id, reply))).await
    }

    /// What there is below it, under this name. Printed, it shows the tree. A nested supervisor
    /// that is busy or restarting shows no children.
    ///
    /// # Errors
    /// The supervisor has ended.
    pub async fn tree(&self, name: impl Into<ChildId>) -> Result<TreeNode, CallError> {
        let Branch { strategy, nodes, nested } = self.ask(SupervisorMsg::Tree).await?;
        let mut children = Vec::with_capacity(nodes.len());
        for (mut node, nested) in nodes.into_iter().zip(nested) {
            if let Some(supervisor) = nested {
                let below = Box::pin(supervisor.tree(node.id.clone())).await;
                if let Ok(TreeNode { strategy, children, .. }) = below {
                    (node.strategy, node.children) = (strategy, children);
                }
            }
            children.push(node);
        }
        Ok(TreeNode::root(name, strategy, children))
    }
}

async fn answered(call: Call<'_, Supervisor, Result<(), ChildError>>) -> Result<(), StartError> {
    Ok(call.await.map_err(StartError::Ended)??)
}

impl std::fmt::Debug for SupervisorPlan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ids: Vec<_> = self.children.iter().map(|(spec, _)| &spec.id).collect();
        f.debug_struct("SupervisorPlan").field("children", &ids).finish_non_exhaustive()
    }
}
