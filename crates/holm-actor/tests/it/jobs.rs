//! Jobs: a result, or a typed reason why there is none.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use holm_actor::{JobError, MapError};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use crate::support::*;

const SECOND: Duration = Duration::from_secs(1);

/// A future that never ends, and a receiver that fails once it is gone.
fn endless() -> (impl Future<Output = ()> + Send + 'static, oneshot::Receiver<()>) {
    let (token, gone) = oneshot::channel::<()>();
    let future = async move {
        let _token = token;
        pending::<()>().await;
    };
    (future, gone)
}

fn quiet_panic() {
    std::panic::resume_unwind(Box::new("quiet"));
}

#[tokio::test]
async fn awaiting_one_gives_its_result_or_its_panic() {
    let system = system();
    assert_eq!(system.jobs().spawn(async { 7 }).await, Ok(7));
    let panicked = system.jobs().spawn(async { quiet_panic() }).await;
    assert_eq!(panicked, Err(JobError::Panicked("quiet".into())));
}

#[tokio::test(start_paused = true)]
async fn dropping_one_aborts_it_and_detaching_does_not() {
    let system = system();
    let (future, gone) = endless();
    drop(system.jobs().spawn(future));
    assert!(gone.await.is_err());
    let (done, end) = oneshot::channel();
    system
        .jobs()
        .spawn(async {
            sleep(SECOND).await;
            done.send(()).unwrap();
        })
        .detach();
    end.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_timeout_aborts_it() {
    let system = system();
    let (future, gone) = endless();
    let start = Instant::now();
    let outcome = system.jobs().spawn(future).timeout(SECOND).await;
    assert_eq!(outcome, Err(JobError::Timeout(SECOND)));
    assert_eq!(start.elapsed(), SECOND);
    assert!(gone.await.is_err());
    assert_eq!(system.jobs().spawn(sleep(SECOND)).timeout(2 * SECOND).await, Ok(()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_cancel_its_future_is_gone() {
    let system = system();
    for _ in 0..100 {
        let (future, mut gone) = endless();
        let job = system.jobs().spawn(future);
        job.cancel().await;
        assert_eq!(gone.try_recv(), Err(oneshot::error::TryRecvError::Closed));
    }
}

#[test]
fn the_end_of_the_runtime_is_told() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let system = runtime.block_on(async { system() });
    let job = system.jobs().spawn(pending::<()>());
    drop(runtime);
    let other = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_eq!(other.block_on(job), Err(JobError::RuntimeEnded));
}

#[tokio::test(start_paused = true)]
async fn a_map_keeps_the_order_and_the_bound() {
    let system = system();
    for concurrency in [0, 1, 4, 1_000] {
        let (running, peak) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (now, most) = (Arc::clone(&running), Arc::clone(&peak));
        let outcomes = system
            .jobs()
            .map(0..50_u64, concurrency, move |n| {
                let (now, most) = (Arc::clone(&now), Arc::clone(&most));
                async move {
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    sleep(Duration::from_millis(50 - n)).await;
                    now.fetch_sub(1, Ordering::SeqCst);
                    n
                }
            })
            .await;
        assert_eq!(outcomes, (0..50).map(Ok).collect::<Vec<_>>());
        assert_eq!(peak.load(Ordering::SeqCst), concurrency.clamp(1, 50));
    }
    assert_eq!(system.jobs().map(Vec::<u8>::new(), 4, async |_| ()).await, []);
}

#[tokio::test]
async fn a_map_collects_panics_of_the_future_and_of_its_maker() {
    let system = system();
    let outcomes = system
        .jobs()
        .map(0..3, 2, |n| {
            if n == 0 {
                quiet_panic();
            }
            async move {
                if n == 1 {
                    quiet_panic();
                }
                n
            }
        })
        .await;
    let panicked = Err(JobError::Panicked("quiet".into()));
    assert_eq!(outcomes, [panicked.clone(), panicked, Ok(2)]);
}

#[tokio::test(start_paused = true)]
async fn a_failed_item_ends_a_try_map_and_its_other_jobs() {
    let system = system();
    let (endless, gone) = endless();
    let endless = std::sync::Mutex::new(Some(endless));
    let taken = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&taken);
    let items = (0..100).inspect(move |_| {
        counter.fetch_add(1, Ordering::SeqCst);
    });
    let outcome: Result<Vec<u32>, _> = system
        .jobs()
        .try_map(items, 2, move |n| {
            let endless = (n == 0).then(|| endless.lock().unwrap().take().unwrap());
            async move {
                match endless {
                    Some(endless) => endless.await,
                    None if n == 3 => return Err("three"),
                    None => {}
                }
                Ok(n)
            }
        })
        .await;
    assert_eq!(outcome, Err(MapError::Failed { index: 3, error: "three" }));
    assert_eq!(taken.load(Ordering::SeqCst), 4, "items taken after the failure");
    assert!(gone.await.is_err());
    let outcome: Result<Vec<u32>, MapError<()>> =
        system.jobs().try_map(0..3, 1, async |n| Ok(n * 2)).await;
    assert_eq!(outcome, Ok(vec![0, 2, 4]));
    let outcome: Result<Vec<()>, MapError<()>> = system
        .jobs()
        .try_map(0..3, 1, async |_| {
            quiet_panic();
            Ok(())
        })
        .await;
    let error = JobError::Panicked("quiet".into());
    assert_eq!(outcome, Err(MapError::Job { index: 0, error }));
}
