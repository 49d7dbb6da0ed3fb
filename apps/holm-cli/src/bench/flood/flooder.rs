//! The process that floods, or idles as busily.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use holm::CallError;
use holm::env::{Endpoint, Env};
use holm_env::{Connection, TokioTransport, Transport};
use holm_net::secure_dial;
use holm_net::security::{SecretSource, Security};
use holm_wire::handshake::{Dial, Hello, Introduction};
use holm_wire::{AttemptNo, Code, Incarnation};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use super::victim::{self, Keys, Victim};

/// Connection attempts a second.
pub(super) const ATTEMPTS: u64 = 10_000;
/// Attempts under way at once at most; further ones are left out.
const UNDER_WAY_MAX: u64 = 2_048;
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

#[derive(Debug, Default)]
struct Attempts {
    offered: AtomicU64,
    left_out: AtomicU64,
    under_way: AtomicU64,
    /// Closed before anything was said.
    at_once: AtomicU64,
    later: AtomicU64,
}

/// A stranger, who guesses a token.
struct Stranger {
    at: Endpoint,
    security: Security,
    hello: Hello,
    attempts: Attempts,
}

/// Offers connections for so long.
pub(super) async fn connect(at: Endpoint, length: Duration) -> Result<()> {
    let mut config = Keys::inherited()?.dialler();
    config.token = Some(SecretSource::Value(victim::wrong_token()));
    let attempt = AttemptNo(1.try_into()?);
    let from = Introduction::new("holm".parse()?, "flooder@local".parse()?, Incarnation(1));
    let stranger = Arc::new(Stranger {
        at,
        security: Security::load(config, &Env::tokio()?)?,
        hello: Hello { dial: Dial { attempt, gone: None }, from },
        attempts: Attempts::default(),
    });
    let attempts = &stranger.attempts;
    println!("READY");
    let start = Instant::now();
    let mut due = 0;
    while start.elapsed() < length {
        let wanted = (start.elapsed().as_secs_f64() * ATTEMPTS as f64) as u64;
        for _ in due..wanted {
            if attempts.under_way.load(Ordering::Relaxed) < UNDER_WAY_MAX {
                attempts.under_way.fetch_add(1, Ordering::Relaxed);
                drop(tokio::spawn(attempt_one(Arc::clone(&stranger))));
            } else {
                attempts.left_out.fetch_add(1, Ordering::Relaxed);
            }
        }
        due = wanted;
        tokio::time::sleep(TICK).await;
    }
    let [offered, left_out, at_once, later] =
        [&attempts.offered, &attempts.left_out, &attempts.at_once, &attempts.later]
            .map(|count| count.load(Ordering::Relaxed));
    let per_sec = offered as f64 / start.elapsed().as_secs_f64();
    println!(
        "DONE offered_per_s={per_sec:.0} left_out={left_out} closed_at_once={at_once} \
         closed_later={later}"
    );
    Ok(())
}

async fn attempt_one(stranger: Arc<Stranger>) {
    let attempts = &stranger.attempts;
    if let Ok(connection) = TokioTransport.dial(&stranger.at.stream()).await {
        attempts.offered.fetch_add(1, Ordering::Relaxed);
        let count =
            if stranger.guess(connection).await { &attempts.later } else { &attempts.at_once };
        count.fetch_add(1, Ordering::Relaxed);
    }
    attempts.under_way.fetch_sub(1, Ordering::Relaxed);
}

impl Stranger {
    /// Waits to be closed, then shows a token; whether it came to that.
    async fn guess(&self, mut connection: Connection) -> bool {
        let mut byte = [0];
        let read = std::future::poll_fn(|cx| connection.reader.poll_read(cx, &mut byte));
        if timeout(HESITATION, read).await.is_ok() {
            return false;
        }
        // It is refused one way or the other, or closed to make room.
        if let Ok(secured) = secure_dial(connection, &self.security, &self.at, &self.hello).await {
            let _ = secured.dial(self.hello.clone(), |_, _| Ok(())).await;
        }
        true
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
    let address = match &at.stream() {
        Endpoint::Tcp { host, port } => format!("{host}:{port}").parse::<SocketAddr>()?,
        other => anyhow::bail!("{other} has no address"),
    };
    let (mut silent, mut slow) = (Vec::new(), Vec::new());
    for n in 0..CROWD {
        let socket = TcpSocket::new_v4()?;
        socket.bind((Ipv4Addr::new(127, 0, 1, (n % sources) as u8), 0).into())?;
        let mut client: TcpStream = socket.connect(address).await?;
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
