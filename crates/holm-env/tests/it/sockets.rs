//! What is particular to real sockets and to the memory transport's names.

use std::future::poll_fn;
use std::io::{IoSlice, Write};

use holm_env::{
    DialError, Endpoint, HELD_BYTES_MAX, ListenError, MemoryTransport, TokioTransport, Transport,
};

fn memory(name: &str) -> Endpoint {
    Endpoint::Memory(name.to_owned())
}

#[tokio::test]
async fn an_endpoint_of_another_kind_is_unsupported() {
    let tcp: Endpoint = "tcp:127.0.0.1:0".parse().unwrap();
    let pairs: [(&dyn Transport, &Endpoint); 2] =
        [(&TokioTransport, &memory("a")), (&MemoryTransport::new(), &tcp)];
    for (transport, endpoint) in pairs {
        let dialled = transport.dial(endpoint).await;
        assert!(matches!(dialled, Err(DialError::Unsupported { .. })));
        let listening = transport.listen(endpoint).await.map(|_| ());
        assert!(matches!(listening, Err(ListenError::Unsupported { .. })));
    }
}

#[tokio::test]
async fn memory_transports_share_names_only_with_their_clones() {
    let first = MemoryTransport::new();
    let _listener = first.listen(&memory("a")).await.unwrap();
    assert!(first.clone().dial(&memory("a")).await.is_ok());
    let stranger = MemoryTransport::new().dial(&memory("a")).await;
    assert!(matches!(stranger, Err(DialError::Refused { .. })));
}

#[tokio::test]
async fn a_name_that_resolves_to_nothing_says_so() {
    // `.invalid` is reserved: no resolver knows it.
    let to = "tcp:holm.invalid:1".parse().unwrap();
    let error = TokioTransport.dial(&to).await.unwrap_err();
    assert!(matches!(error, DialError::Resolve { .. }), "{error}");
    assert!(error.to_string().contains("tcp:holm.invalid:1"));
}

#[tokio::test]
async fn all_addresses_of_a_host_are_tried() {
    // `localhost` is often `::1` first, where nobody listens here.
    let at = "tcp:127.0.0.1:0".parse().unwrap();
    let listener = TokioTransport.listen(&at).await.unwrap();
    let Endpoint::Tcp { port, .. } = listener.local() else {
        panic!("{}", listener.local());
    };
    let host = "localhost".to_owned();
    let dialled = TokioTransport.dial(&Endpoint::Tcp { host, port }).await;
    assert!(dialled.is_ok(), "{dialled:?}");
}

#[cfg(unix)]
mod unix {
    use std::os::unix::net::UnixListener;

    use super::*;

    #[tokio::test]
    async fn a_listener_leaves_a_file_that_replaced_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.sock");
        let listener = TokioTransport.listen(&Endpoint::Unix(path.clone())).await.unwrap();
        // Another file first, so that the inode of the old one is not reused.
        let mut other = tempfile::NamedTempFile::new_in(dir.path()).unwrap();
        other.write_all(b"mine").unwrap();
        other.persist(&path).unwrap();
        drop(listener);
        assert_eq!(std::fs::read(&path).unwrap(), b"mine");
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_stream_holds_no_more_than_four_chunks() {
        let dir = tempfile::tempdir().unwrap();
        let at = Endpoint::Unix(dir.path().join("a.sock"));
        let mut listener = TokioTransport.listen(&at).await.unwrap();
        let (dialled, accepted) = tokio::join!(TokioTransport.dial(&at), listener.accept());
        for stream in &[dialled.unwrap(), accepted.unwrap()] {
            let mut held = 0;
            poll_fn(|cx| stream.writer.poll_writable(cx)).await.unwrap();
            while let Ok(written) = stream.writer.try_write_vectored(&[IoSlice::new(&[0; 4096])]) {
                held += written;
            }
            assert!((1..=HELD_BYTES_MAX).contains(&held), "{held} bytes");
        }
    }

    #[tokio::test]
    async fn an_adopted_listener_accepts_and_keeps_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.sock");
        let bound = UnixListener::bind(&path).unwrap();
        let mut listener = TokioTransport::adopt_unix(bound, path.clone()).unwrap();
        let to = Endpoint::Unix(path.clone());
        assert_eq!(listener.local(), to);
        let (dialled, accepted) = tokio::join!(TokioTransport.dial(&to), listener.accept());
        assert_eq!(dialled.unwrap().peer, accepted.unwrap().peer);
        drop(listener);
        assert!(path.exists());
    }
}
