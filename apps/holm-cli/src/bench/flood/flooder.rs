//! The process that floods, or idles as busily.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use holm::CallError;
use holm::env::{Endpoint, Env};
use holm_env::TokioTransport;
use holm_net::secure_dial;
use holm_net::security::{SecretSource, Security};
use holm_wire::handshake::{Dial, Hello, Introduction};
use holm_wire::{AttemptNo, Code, Incarnation};
use socket2::{Domain, Socket, Type};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpSocket;
use tokio::runtime::Handle;

use super::victim::{self, Keys, Victim};

/// Connection attempts a second.
const ATTEMPTS: u64 = 10_000;
/// Attempts that are kept at once at most: some hundred times as many as the node lets in.
const KEPT_MAX: usize = 2_048;
/// How long an attempt waits to be closed before it says anything: so it costs the flooder little.
const HESITATION: Duration = Duration::from_millis(50);
/// Time between two bursts.
const TICK: Duration = Duration::from_millis(1);
/// Callers of the flood of requests, which pay no heed to when they are to try again.
const CALLERS: usize = 256;
/// Clients that are held while a peer joins.
const CROWD: usize = 200;
/// Time between two bytes of a slow one.
const PACE: Duration = Duration::from_millis(20);

/// What came of the attempts.
#[derive(Debug, Default)]
struct Attempts {
    offered: u64,
    /// Closed before anything was said.
    at_once: u64,
    /// Guessed a token.
    later: u64,
    /// The kernel had no place for them.
    unanswered: u64,
}

/// A stranger, who guesses a token.
struct Stranger {
    at: Endpoint,
    security: Security,
    hello: Hello,
}

/// Offers connections for so long.
pub(super) async fn connect(at: Endpoint, length: Duration) -> Result<()> {
    let mut config = Keys::inherited()?.dialler();
    config.token = Some(SecretSource::Value(victim::wrong_token()));
    let attempt = AttemptNo(1.try_into()?);
    let from = Introduction::new("holm".parse()?, "flooder@local".parse()?, Incarnation(1));
    let stranger = Arc::new(Stranger {
        security: Security::load(config, &Env::tokio()?)?,
        hello: Hello { dial: Dial { attempt, gone: None, is_blind: false }, from },
        at,
    });
    let address = address(&stranger.at)?;
    println!("READY");
    let start = Instant::now();
    let runtime = Handle::current();
    let offering = tokio::task::spawn_blocking(move || {
        offer(address, length, |stream| {
            let stranger = Arc::clone(&stranger);
            drop(runtime.spawn(async move { stranger.guess(stream).await }));
        })
    });
    let Attempts { offered, at_once, later, unanswered } = offering.await??;
    let per_sec = offered as f64 / start.elapsed().as_secs_f64();
    println!(
        "DONE offered_per_s={per_sec:.0} closed_at_once={at_once} closed_later={later} \
         unanswered={unanswered}"
    );
    Ok(())
}

/// Connects [`ATTEMPTS`] times a second, and gives `let_in` what is not closed soon. Plain system
/// calls on one thread: a task for each attempt would leave the other processes no time.
fn offer(
    to: SocketAddr,
    length: Duration,
    mut let_in: impl FnMut(TcpStream),
) -> io::Result<Attempts> {
    let mut attempts = Attempts::default();
    let mut kept = VecDeque::new();
    let start = Instant::now();
    while start.elapsed() < length {
        let wanted = (start.elapsed().as_secs_f64() * ATTEMPTS as f64) as u64;
        while attempts.offered < wanted {
            let socket = Socket::new(Domain::for_address(to), Type::STREAM, None)?;
            socket.set_nonblocking(true)?;
            // What is wrong with it, or that it is under way, shows when it is looked at.
            let _ = socket.connect(&to.into());
            kept.push_back((Instant::now(), TcpStream::from(socket)));
            attempts.offered += 1;
        }
        while kept.len() > KEPT_MAX || kept.front().is_some_and(|(at, _)| at.elapsed() > HESITATION)
        {
            let Some((_, mut stream)) = kept.pop_front() else { break };
            match stream.read(&mut [0]) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    if stream.peer_addr().is_ok() {
                        attempts.later += 1;
                        let_in(stream);
                    } else {
                        attempts.unanswered += 1;
                    }
                }
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => return Err(error),
                Ok(_) | Err(_) => attempts.at_once += 1,
            }
        }
        std::thread::sleep(TICK);
    }
    Ok(attempts)
}

impl Stranger {
    /// Shows a token, which is refused one way or the other, or closed to make room.
    async fn guess(&self, stream: TcpStream) {
        let Ok(connection) = TokioTransport::adopt_tcp(stream) else { return };
        if let Ok(secured) = secure_dial(connection, &self.security, &self.at, &self.hello).await {
            let _ = secured.dial(self.hello.clone(), |_, _| Ok(())).await;
        }
    }
}

/// The address behind an endpoint.
fn address(at: &Endpoint) -> Result<SocketAddr> {
    match at.stream() {
        Endpoint::Tcp { host, port } => Ok(format!("{host}:{port}").parse()?),
        other => anyhow::bail!("{other} has no address"),
    }
}

/// Calls without pause, as a peer that is let in, for so long.
pub(super) async fn request(at: Endpoint, length: Duration) -> Result<()> {
    let node = Keys::inherited()?.peer("flooder@local").start().await?;
    let victim = victim::join(&node, &at).await?;
    println!("READY");
    let start = Instant::now();
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let victim = victim.clone();
            tokio::spawn(async move { ask_until(&victim, start + length).await })
        })
        .collect();
    let (mut answered, mut refused) = (0, 0);
    for caller in callers {
        let (one, other) = caller.await??;
        (answered, refused) = (answered + one, refused + other);
    }
    let per_sec = |count: u64| count as f64 / length.as_secs_f64();
    println!("DONE answered_per_s={:.0} refused_per_s={:.0}", per_sec(answered), per_sec(refused));
    Ok(())
}

/// How many calls were answered, and how many refused, each with when to try again.
async fn ask_until(victim: &holm::Ref<Victim>, end: Instant) -> Result<(u64, u64)> {
    let (mut answered, mut refused) = (0, 0);
    while Instant::now() < end {
        match victim.echo(1).await {
            Ok(_) => answered += 1,
            Err(CallError::Refused(error))
                if error.code == Code::Overloaded && error.retry_after().is_some() =>
            {
                refused += 1;
            }
            Err(other) => return Err(other.into()),
        }
    }
    Ok((answered, refused))
}

/// Uses so many seconds of processor time in each second, for so long.
pub(super) async fn spin(share: f64, length: Duration) -> Result<()> {
    println!("READY");
    let threads = share.ceil().max(1.0);
    let busy = TICK.mul_f64(share / threads);
    let end = Instant::now() + length;
    let spinners: Vec<_> = (0..threads as usize)
        .map(|_| {
            std::thread::spawn(move || {
                let mut due = Instant::now();
                while due < end {
                    let begun = Instant::now();
                    while begun.elapsed() < busy {
                        std::hint::spin_loop();
                    }
                    due += TICK;
                    std::thread::sleep(due.saturating_duration_since(Instant::now()));
                }
            })
        })
        .collect();
    for spinner in spinners {
        let _ = spinner.join();
    }
    println!("DONE");
    Ok(())
}

/// Holds silent, slow and foreign clients until the standard input ends; each from an address of
/// its own, or all from one.
pub(super) async fn crowd(at: Endpoint, sources: usize) -> Result<()> {
    let address = address(&at)?;
    let (mut silent, mut slow) = (Vec::new(), Vec::new());
    for n in 0..CROWD {
        let socket = TcpSocket::new_v4()?;
        socket.bind((Ipv4Addr::new(127, 0, 1, (n % sources) as u8), 0).into())?;
        let mut client = socket.connect(address).await?;
        // Whoever was closed at once already cannot write.
        match n % 3 {
            0 => silent.push(client),
            1 => slow.push(client),
            _ => {
                let _ = client.write_all(&[0xff; 64]).await;
                silent.push(client);
            }
        }
    }
    println!("READY");
    let dripping = async {
        // The head of a record of TLS, and no end of zeros.
        for byte in [0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc].into_iter().chain(std::iter::repeat(0)) {
            for client in &mut slow {
                let _ = client.write_all(&[byte]).await;
            }
            tokio::time::sleep(PACE).await;
        }
    };
    tokio::select! {
        () = dripping => {}
        ended = super::until_input_ends() => ended?,
    }
    drop(silent);
    Ok(())
}
