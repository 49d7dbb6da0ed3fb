//! What handles the messages of an actor: the actor itself, or a stand-in for it in a test.

use std::future::Future;

use holm_wire::ExitReason;

use crate::{Actor, Context, Signal};

/// Handles what is for an actor of type `A`, behind its [`Ref`](crate::Ref): the actor, or what
/// takes its place in a test ([`ActorSystem::spawn_stand_in`](crate::ActorSystem::spawn_stand_in)). The
/// methods are those of [`Actor`].
pub trait Behaviour<A: Actor>: Send + 'static {
    /// As [`Actor::handle`].
    fn handle(&mut self, msg: A::Msg, cx: &mut Context<A>) -> impl Future<Output = ()> + Send;

    /// As [`Actor::started`].
    fn started(
        &mut self,
        cx: &mut Context<A>,
    ) -> impl Future<Output = Result<(), ExitReason>> + Send;

    /// As [`Actor::signal`].
    fn signal(&mut self, signal: Signal, cx: &mut Context<A>) -> impl Future<Output = ()> + Send;

    /// As [`Actor::stopped`].
    fn stopped(
        &mut self,
        reason: &ExitReason,
        cx: &mut Context<A>,
    ) -> impl Future<Output = ()> + Send;
}

impl<A: Actor> Behaviour<A> for A {
    #[inline]
    fn handle(&mut self, msg: A::Msg, cx: &mut Context<A>) -> impl Future<Output = ()> + Send {
        Actor::handle(self, msg, cx)
    }

    fn started(
        &mut self,
        cx: &mut Context<A>,
    ) -> impl Future<Output = Result<(), ExitReason>> + Send {
        Actor::started(self, cx)
    }

    fn signal(&mut self, signal: Signal, cx: &mut Context<A>) -> impl Future<Output = ()> + Send {
        Actor::signal(self, signal, cx)
    }

    fn stopped(
        &mut self,
        reason: &ExitReason,
        cx: &mut Context<A>,
    ) -> impl Future<Output = ()> + Send {
        Actor::stopped(self, reason, cx)
    }
}
