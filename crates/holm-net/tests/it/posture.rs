//! Which connections are safe enough.

use holm_env::PeerAddr;
use holm_net::posture::{PostureError, check_connection, check_listen};

use crate::support::streams;

async fn connection(peer: PeerAddr, token: bool) -> Result<(), PostureError> {
    let (mut connection, _far) = streams().await;
    connection.peer = peer;
    check_connection(&connection, token)
}

fn tcp(addr: &str) -> PeerAddr {
    PeerAddr::Tcp(addr.parse().unwrap())
}

fn unix(uid: Option<u32>) -> PeerAddr {
    PeerAddr::Unix { uid, pid: Some(1) }
}

#[tokio::test]
async fn the_table_of_connections() {
    let own = rustix::process::geteuid().as_raw();
    let plain = |addr: &str| Err(PostureError::PlainTcp(addr.to_owned()));
    for addr in ["127.0.0.1:1", "127.8.0.1:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
        assert_eq!(connection(tcp(addr), false).await, Ok(()), "{addr}");
        assert_eq!(connection(tcp(addr), true).await, Err(PostureError::TokenOverTcp), "{addr}");
    }
    for addr in ["10.0.0.1:1", "192.168.1.1:1", "[2001:db8::1]:1", "[::ffff:10.0.0.1]:1"] {
        assert_eq!(connection(tcp(addr), false).await, plain(addr));
        assert_eq!(connection(tcp(addr), true).await, plain(addr));
    }
    for token in [false, true] {
        assert_eq!(connection(unix(Some(own)), token).await, Ok(()));
        for other in [Some(own + 1), None] {
            assert_eq!(connection(unix(other), token).await, Err(PostureError::OtherUser(other)));
        }
        assert_eq!(connection(PeerAddr::Memory("x".to_owned()), token).await, Ok(()));
    }
}

#[test]
fn the_table_of_listeners() {
    for at in ["tcp:127.0.0.1:0", "tcp:localhost:4000", "tcp:[::1]:0"] {
        let at = at.parse().unwrap();
        assert_eq!(check_listen(&at, false), Ok(()));
        assert_eq!(check_listen(&at, true), Err(PostureError::TokenOverTcp));
    }
    for host in ["0.0.0.0", "10.0.0.1", "example.org", "localhost.example.org"] {
        let at = format!("tcp:{host}:4000").parse().unwrap();
        for token in [false, true] {
            assert_eq!(check_listen(&at, token), Err(PostureError::PlainTcp(host.to_owned())));
        }
    }
    let pipe = "pipe:name".parse().unwrap();
    assert_eq!(check_listen(&pipe, false), Ok(()));
    assert_eq!(check_listen(&pipe, true), Err(PostureError::TokenOverPipe));
    for at in ["unix:/some/where", "mem:name"] {
        for token in [false, true] {
            assert_eq!(check_listen(&at.parse().unwrap(), token), Ok(()));
        }
    }
}
