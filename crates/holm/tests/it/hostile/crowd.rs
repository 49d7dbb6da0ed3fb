//! Silent, slow and foreign clients, all of them held while a peer joins and calls.

use std::io::{ErrorKind, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use tokio::net::TcpSocket;
use tokio::time::timeout;

use super::attacker::{hello, tls};
use super::honest::Honest;
use super::victim::{Over, PATIENCE, Room, Victim};

const CROWD: usize = 200;

/// Time between two bytes of a slow client.
const PACE: Duration = Duration::from_millis(20);

/// The clients, and who keeps the slow ones writing.
struct Crowd {
    /// Silent and slow ones, which wait for the rest of a handshake.
    waiting: Vec<TcpStream>,
    garbage: Vec<TcpStream>,
    _slow: Sender<()>,
}

impl Crowd {
    async fn gather(victim: &Victim, from: impl Fn(usize) -> Ipv4Addr) -> Self {
        let opening = opening(victim);
        let (mut waiting, mut slow, mut garbage) = (Vec::new(), Vec::new(), Vec::new());
        for n in 0..CROWD {
            let socket = TcpSocket::new_v4().unwrap();
            socket.bind(SocketAddr::from((from(n), 0))).unwrap();
            let connected = timeout(PATIENCE, socket.connect(victim.address())).await;
            let client = connected.expect("nobody accepts").unwrap().into_std().unwrap();
            match n % 3 {
                0 => waiting.push(client),
                1 => {
                    (&client).write_all(&opening[..1]).unwrap();
                    slow.push(client.try_clone().unwrap());
                    waiting.push(client);
                }
                _ => {
                    (&client).write_all(&[0xff; 64]).unwrap();
                    garbage.push(client);
                }
            }
        }
        let (held, hold) = channel::<()>();
        std::thread::spawn(move || {
            let (_, most) = opening[1..].split_last().unwrap();
            for byte in most {
                if hold.recv_timeout(PACE) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
                for client in &mut slow {
                    // It may have been closed meanwhile.
                    let _ = client.write_all(&[*byte]);
                }
            }
        });
        Self { waiting, garbage, _slow: held }
    }

    /// How many of those that wait were not closed.
    fn held(&self) -> usize {
        let is_held = |client: &&TcpStream| matches!(client.peek(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock);
        self.waiting.iter().filter(is_held).count()
    }
}

/// How a good peer begins.
fn opening(victim: &Victim) -> Vec<u8> {
    let mut bytes = Vec::new();
    match victim.over {
        Over::Tcp => drop(holm_wire::handshake::dial(hello("slow@x"), &mut bytes)),
        Over::Tls => drop(tls(victim).write_tls(&mut bytes).unwrap()),
    }
    bytes
}

/// A peer joins and calls.
async fn join(victim: &Victim) -> Honest {
    let peer = Honest::join(victim, "peer@x").await;
    let tally = peer.witness.tally().await.unwrap();
    for number in 0..10 {
        assert_eq!(tally.take(number).await, Ok(number));
    }
    peer
}

/// All have their handshakes under way, and none of them is given up before the peer is in.
async fn a_peer_joins_among_all_of_them(over: Over) {
    let victim = Victim::start(over, Room::ForStrangers);
    let observer = Honest::join(&victim, "observer@x").await;
    let crowd = Crowd::gather(&victim, |_| Ipv4Addr::new(127, 0, 0, 2)).await;
    observer.connections(CROWD as u64 + 1).await;
    let peer = join(&victim).await;
    assert_eq!(crowd.held(), crowd.waiting.len(), "some were closed before the peer was in");
    let (broken, displaced, refused) = peer.witness.failed().await.unwrap();
    assert!(broken <= crowd.garbage.len() as u64, "{broken} handshakes failed");
    assert_eq!((displaced, refused), (0, 0));
}

/// As a node is by default there is no room for all; they give way, and the peer waits for
/// nobody's deadline.
async fn a_peer_joins_though_there_is_no_room(over: Over) {
    let victim = Victim::start(over, Room::Usual);
    let crowd = Crowd::gather(&victim, |n| Ipv4Addr::new(127, 0, 1, n as u8)).await;
    let peer = join(&victim).await;
    let held = crowd.held();
    let (broken, displaced, refused) = peer.witness.failed().await.unwrap();
    assert!(broken <= crowd.garbage.len() as u64, "{broken} handshakes failed");
    assert!(held as u64 + displaced >= crowd.waiting.len() as u64, "{held}, {displaced}");
    assert!(held > 0 && displaced > 0 && refused == 0, "{held}, {displaced}, {refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_joins_among_bad_clients_over_tcp() {
    a_peer_joins_among_all_of_them(Over::Tcp).await;
    a_peer_joins_though_there_is_no_room(Over::Tcp).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_joins_among_bad_clients_over_tls() {
    a_peer_joins_among_all_of_them(Over::Tls).await;
    a_peer_joins_though_there_is_no_room(Over::Tls).await;
}
