//! An actor behind `tower`'s `Service`.

use std::future::poll_fn;

use holm_actor::{ActorService, CallError, Reply};
use tower_service::Service;

use crate::support::*;

/// A request: double the number, or end.
fn request(number: u64, reply: Reply<u64>) -> Step {
    act(move |_, cx| match number {
        0 => cx.stop(failed("asked to")),
        _ => reply.send(2 * number),
    })
}

#[tokio::test]
async fn requests_are_calls() {
    let puppet = system().spawn(Puppet::default());
    let mut service: ActorService<Puppet, u64, u64> = puppet.service(request);
    let mut copy = service.clone();
    poll_fn(|cx| service.poll_ready(cx)).await.unwrap();
    assert_eq!(tokio::join!(service.call(1), copy.call(2)), (Ok(2), Ok(4)));
}

/// Readiness says nothing of the inbox: a request waits for its room itself.
#[tokio::test]
async fn a_request_waits_for_room() {
    let puppet = system().spawn_with(Puppet::default(), room_for(1));
    let mut service = puppet.service(request);
    let release = occupy(&puppet).await;
    puppet.tell(note(1)).unwrap();
    poll_fn(|cx| service.poll_ready(cx)).await.unwrap();
    let mut answer = service.call(3);
    is_waiting(&mut answer).await;
    drop(release);
    assert_eq!(answer.await, Ok(6));
}

#[tokio::test]
async fn the_end_of_the_actor_is_an_error() {
    let puppet = system().spawn(Puppet::default());
    let mut service = puppet.service(request);
    assert_eq!(service.call(0).await, Err(CallError::Exited(failed("asked to"))));
    assert_eq!(service.call(1).await, Err(CallError::Noproc));
}
