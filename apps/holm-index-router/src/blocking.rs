//! Work that keeps a thread busy, on threads of its own.

/// Runs `work` on a thread that may block, and waits for it. Dropping the future does not stop the work.
///
/// # Panics
/// If `work` panics.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    #[expect(
        clippy::disallowed_methods,
        reason = "reading and extraction are the real world's work"
    )]
    let task = tokio::task::spawn_blocking(work);
    match task.await.map_err(tokio::task::JoinError::try_into_panic) {
        Ok(done) => done,
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        // The runtime is being shut down, and this task with it.
        Err(Err(_cancelled)) => std::future::pending().await,
    }
}
