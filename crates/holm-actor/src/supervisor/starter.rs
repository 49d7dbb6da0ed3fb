//! How a supervisor starts one child, again and again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use holm_proto::supervision::Outlook;

use super::{Supervisor, SupervisorPlan};
use crate::cell::AnyCell;
use crate::guarded::panic_text;
use crate::slot::SlotOwner;
use crate::system::Bond;
use crate::{Actor, Context, Ref, SpawnError, SpawnOptions};

/// Starts a child, and keeps the references to it.
pub(crate) trait StartChild: Send {
    /// Starts a life, bound to its supervisor.
    fn start(
        &mut self,
        supervisor: &Context<Supervisor>,
        outlook: Outlook,
    ) -> Result<Arc<dyn AnyCell>, SpawnError>;
    /// Has the references say this of what follows the present life. Dropping this says that
    /// nothing does.
    fn expect(&mut self, outlook: Outlook);
    /// The child, if it is a supervisor.
    fn nested(&self) -> Option<Ref<Supervisor>>;
}

/// A child that is no supervisor.
pub(crate) struct Worker<A: Actor, F> {
    pub(crate) make: F,
    pub(crate) options: SpawnOptions,
    pub(crate) slot: SlotOwner<A>,
}

impl<A, F> StartChild for Worker<A, F>
where
    A: Actor,
    F: FnMut() -> Result<A, SpawnError> + Send,
{
    fn start(
        &mut self,
        supervisor: &Context<Supervisor>,
        outlook: Outlook,
    ) -> Result<Arc<dyn AnyCell>, SpawnError> {
        let made = catch_unwind(AssertUnwindSafe(&mut self.make));
        let actor = made.map_err(|payload| SpawnError(panic_text(&*payload).to_owned()))??;
        let parent = Arc::clone(supervisor.cell()) as Arc<dyn AnyCell>;
        let bond = Bond::Supervisor { parent, reports: true };
        let child = supervisor.system().spawn_cell(actor, &self.options, Some(bond));
        self.slot.put(Arc::clone(&child), outlook);
        Ok(child)
    }

    fn expect(&mut self, outlook: Outlook) {
        self.slot.expect(outlook);
    }

    fn nested(&self) -> Option<Ref<Supervisor>> {
        None
    }
}

/// A child that is a supervisor itself.
pub(crate) struct Nested {
    pub(crate) plan: SupervisorPlan,
    pub(crate) slot: SlotOwner<Supervisor>,
}

impl StartChild for Nested {
    fn start(
        &mut self,
        supervisor: &Context<Supervisor>,
        outlook: Outlook,
    ) -> Result<Arc<dyn AnyCell>, SpawnError> {
        let actor = self
            .plan
            .actor(Some(self.slot.slot()))
            .map_err(|error| SpawnError(error.to_string()))?;
        let parent = Arc::clone(supervisor.cell()) as Arc<dyn AnyCell>;
        let bond = Bond::Supervisor { parent, reports: false };
        let child = supervisor.system().spawn_cell(actor, &SupervisorPlan::options(), Some(bond));
        self.slot.put(Arc::clone(&child), outlook);
        Ok(child)
    }

    fn expect(&mut self, outlook: Outlook) {
        self.slot.expect(outlook);
        // Until then it tells its children itself.
        if outlook == Outlook::End && self.slot.is_over() {
            self.plan.retire();
        }
    }

    fn nested(&self) -> Option<Ref<Supervisor>> {
        Some(self.slot.reference())
    }
}
