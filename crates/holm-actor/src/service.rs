//! Calls to an actor as a `tower` service.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::{Actor, Call, CallError, Handle, Ref, Reply};

/// Answers requests `Q` by calls to an actor. Made by [`Ref::service`].
///
/// It is always ready: a call waits for room in the inbox itself.
pub struct ActorService<A: Actor, Q, T: Send + 'static> {
    handle: Handle<A>,
    make: fn(Q, Reply<T>) -> A::Msg,
    of: PhantomData<fn(Q) -> T>,
}

impl<A: Actor> Ref<A> {
    /// Requests `Q` as calls, whose messages `make` builds.
    pub fn service<Q, T: Send + 'static>(
        &self,
        make: fn(Q, Reply<T>) -> A::Msg,
    ) -> ActorService<A, Q, T> {
        ActorService { handle: self.handle().clone(), make, of: PhantomData }
    }
}

impl<A: Actor, Q: Send + 'static, T: Send + 'static> tower_service::Service<Q>
    for ActorService<A, Q, T>
{
    type Response = T;
    type Error = CallError;
    type Future = Pin<Box<dyn Future<Output = Result<T, CallError>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), CallError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Q) -> Self::Future {
        let (handle, make) = (self.handle.clone(), self.make);
        Box::pin(async move { Call::new(&handle, |reply| make(request, reply)).await })
    }
}

impl<A: Actor, Q, T: Send + 'static> Clone for ActorService<A, Q, T> {
    fn clone(&self) -> Self {
        Self { handle: self.handle.clone(), make: self.make, of: PhantomData }
    }
}

impl<A: Actor, Q, T: Send + 'static> fmt::Debug for ActorService<A, Q, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ActorService({:?})", self.handle)
    }
}
