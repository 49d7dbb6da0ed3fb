//! The two ends of a measured session.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use holm_env::{Endpoint, Env, Listener, TokioTransport, Transport};
use holm_net::identity::PeerIdentity;
use holm_net::security::{SecretSource, Security, SecurityConfig, TlsConfig};
use holm_net::unix_dir::bind_private;
use holm_net::{End, Handler, Session, Stream, StreamError, secure_accept, secure_dial};
use holm_wire::control::Control;
use holm_wire::handshake::{Dial, Features, Hello, Introduction};
use holm_wire::session::streams::Open;
use holm_wire::session::{Payload, Terms};
use holm_wire::{
    AttemptNo, Code, FrameHead, Incarnation, Limits, RequestId, Secret, Violation, WireError,
};

/// The first byte of a stream's body: what it is for.
pub(super) const ECHO: u8 = 1;
/// Items are counted; the answer is their number.
pub(super) const SINK: u8 = 2;
/// The answer is an empty item, once all were taken.
pub(super) const BULK: u8 = 3;

/// The largest message of the figures, with room for its envelope.
const MESSAGE_MAX: usize = 128 * 1024 * 1024;
/// Items under way, as much as the peers that this is compared with allow.
const STREAM_BYTES: usize = 4 * 1024 * 1024;
/// Small ones, as if they had 32 bytes.
const STREAM_ITEMS: usize = STREAM_BYTES / 32;
/// The variables in which the other process finds the cookie and its key's folder.
const COOKIE: &str = "HOLM_BENCH_COOKIE";
const KEYS: &str = "HOLM_BENCH_KEYS";

/// What both processes know.
pub(super) struct Secrets {
    cookie: String,
    keys: PathBuf,
}

impl Secrets {
    pub(super) fn new(keys: &Path) -> Self {
        Self { cookie: "a cookie that protects nothing".to_owned(), keys: keys.to_owned() }
    }

    pub(super) fn inherited() -> Result<Self> {
        Ok(Self { cookie: std::env::var(COOKIE)?, keys: std::env::var(KEYS)?.into() })
    }

    pub(super) fn to_inherit(&self) -> [(&'static str, String); 2] {
        [(COOKIE, self.cookie.clone()), (KEYS, self.keys.display().to_string())]
    }

    /// The security of one side at this kind of endpoint.
    fn security(&self, at: &Endpoint, side: &str, env: &Env) -> Result<Security> {
        let mut config = SecurityConfig::default();
        match at {
            Endpoint::Tls { .. } => {
                config.tls = Some(TlsConfig::Ephemeral);
                config.cookie =
                    Some(SecretSource::Value(Secret::new(self.cookie.clone().into_bytes())));
            }
            Endpoint::Noise { .. } => config.noise = Some(self.keys.join(side)),
            _ => {}
        }
        Ok(Security::load(config, env)?)
    }
}

fn introduction(node: &str) -> Result<Introduction> {
    let mut own = Introduction::new("bench".parse()?, node.parse()?, Incarnation(1));
    own.features = Features::STREAMS.with(Features::TICKS);
    own.limits = Limits {
        message_max: MESSAGE_MAX,
        stream_bytes: STREAM_BYTES,
        stream_items: STREAM_ITEMS,
        ..Limits::default()
    };
    Ok(own)
}

/// The side that asks.
pub(super) struct Client(Arc<Session<()>>);

impl Client {
    pub(super) async fn request(&self, body: &[u8]) -> Result<Bytes, StreamError> {
        self.0.request(Open { body, ..Open::default() }).await
    }

    pub(super) async fn open(&self, body: &[u8]) -> Result<Stream<()>, StreamError> {
        self.0.open_stream(Open { body, ..Open::default() }).await
    }
}

pub(super) async fn connect(to: &Endpoint, secrets: &Secrets) -> Result<Arc<Client>> {
    let env = Env::tokio()?;
    let security = secrets.security(to, "client", &env)?;
    let attempt = AttemptNo(1.try_into()?);
    let hello = Hello {
        dial: Dial { attempt, gone: None, is_blind: false },
        from: introduction("client@bench")?,
    };
    let connection = TokioTransport.dial(&to.stream()).await?;
    let secured = secure_dial(connection, &security, to, &hello).await?;
    let peering = secured.dial(hello, |_, _| Ok(())).await?;
    let terms = Terms::from(&peering.established);
    let session = Arc::new(Session::new(peering.connection.writer, terms, ()));
    let reader = peering.connection.reader;
    session.start(&env, None, reader, &peering.already_read, Silent);
    Ok(Arc::new(Client(session)))
}

/// The side that answers, until its standard input ends.
pub(super) async fn serve(at: &str, secrets: &Secrets) -> Result<()> {
    let env = Env::tokio()?;
    let at: Endpoint = at.parse()?;
    let security = secrets.security(&at, "server", &env)?;
    let mut listener: Box<dyn Listener> = match &at {
        Endpoint::Unix(path) => Box::new(bind_private(path)?),
        _ => TokioTransport.listen(&at.stream()).await?,
    };
    println!("READY {}", at.over(listener.local()));
    let serving = async {
        let connection = listener.accept().await?;
        let secured = secure_accept(connection, &security, &at).await?;
        let ours = introduction("server@bench")?;
        let peering = secured.accept(ours, |_: &PeerIdentity, _| Ok(()), |_, _| Ok(())).await?;
        let terms = Terms::from(&peering.established);
        let session = Arc::new(Session::new(peering.connection.writer, terms, ()));
        let server = Server(Arc::downgrade(&session));
        let reader = peering.connection.reader;
        session.start(&env, None, reader, &peering.already_read, server);
        std::future::pending::<Result<()>>().await
    };
    let input =
        tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
    tokio::select! {
        served = serving => served.context("serving"),
        ended = input => ended?.map(drop).context("reading the standard input"),
    }
}

/// Takes what only the server is asked for.
struct Silent;

impl Handler for Silent {
    fn handle_frame(&mut self, _: FrameHead, _: Payload<'_>) -> Result<(), Violation> {
        Ok(())
    }

    fn handle_control(&mut self, _: Control<'_>) {}

    fn handle_end(self, _: End) {}
}

/// Answers at once where it can.
struct Server(Weak<Session<()>>);

impl Handler for Server {
    fn handle_frame(&mut self, _: FrameHead, _: Payload<'_>) -> Result<(), Violation> {
        Ok(())
    }

    fn handle_open(&mut self, id: RequestId, open: Open<'_>) -> Result<(), WireError> {
        let refused = |code, text: &str| WireError::new(code, text);
        let stream = self.0.upgrade().and_then(|session| session.take_stream(id));
        let stream = stream.ok_or_else(|| refused(Code::Internal, "the stream is gone"))?;
        match open.body.first() {
            Some(&ECHO) => {
                let body = Bytes::copy_from_slice(open.body);
                stream.try_send(&body, true).map_err(|_| refused(Code::Overloaded, "no room"))
            }
            Some(&SINK | &BULK) => {
                drop(tokio::spawn(count(stream)));
                Ok(())
            }
            _ => Err(refused(Code::NotFound, "no such stream")),
        }
    }

    fn handle_control(&mut self, _: Control<'_>) {}

    fn handle_end(self, _: End) {}
}

/// Takes all items and answers how many there were. Who opened the stream notices an error.
async fn count(stream: Stream<()>) {
    let mut taken = 0_u64;
    while let Ok(Some(_)) = stream.next().await {
        taken += 1;
    }
    let _ = stream.send_last(Bytes::copy_from_slice(&taken.to_le_bytes())).await;
}
