//! The node that is flooded, and those who may talk to it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use holm::env::Endpoint;
use holm::prelude::*;
use holm::security::{AuthorityFiles, CertificateFiles, PeerName, SecurityConfig, TlsConfig};
use holm::{AdmissionLimits, NodeBuilder, Rate, Secret};
use holm_net::secret_file;
use rcgen::{CertificateParams, KeyPair};

/// Requests of one peer: several times what the observed one asks for, and far below what a flood
/// does.
const REQUESTS: Rate = Rate::per_second(5_000);

/// The variable in which the other processes find the folder of the victim's key.
const KEYS: &str = "HOLM_BENCH_KEYS";
/// What its peers show it, and what a stranger guesses.
const TOKEN: &[u8] = b"a token that protects nothing";
const WRONG_TOKEN: &[u8] = b"a token of somebody else";

/// Answers calls.
pub(super) struct Victim {
    node: Node,
    /// When the cancel of the last call to wait was seen.
    cancelled_us: u64,
}

#[actor]
impl Victim {
    async fn echo(&mut self, value: u64) -> u64 {
        value
    }

    /// What it has refused so far, by cause.
    async fn counters(&mut self) -> Vec<(String, u64)> {
        let all = self.node.admission_counters();
        let causes = [
            ("connections", all.connections),
            ("over_rate", all.over_rate),
            ("after_failures", all.after_failures),
            ("over_share", all.over_share),
            ("displaced", all.displaced),
            ("unproven", all.unproven),
            ("broken", all.broken),
            ("overloaded", all.overloaded),
            ("paced", all.paced),
        ];
        causes.into_iter().map(|(cause, count)| (cause.to_owned(), count)).collect()
    }

    async fn me(&mut self, cx: &mut Context<Self>) -> Ref<Self> {
        cx.me()
    }

    /// A new one of these.
    async fn another(&mut self) -> Ref<Self> {
        self.node.spawn(Self { node: self.node.clone(), cancelled_us: 0 })
    }

    /// Waits until the caller does not.
    async fn outlast(&mut self, mut reply: Reply<u64>) {
        reply.abandoned().await;
        self.cancelled_us = now_us();
    }

    /// When that was ([`now_us`]).
    async fn cancelled_us(&mut self) -> u64 {
        self.cancelled_us
    }

    /// When it was there ([`now_us`]).
    async fn take(&mut self, bytes: Bytes) -> u64 {
        drop(bytes);
        now_us()
    }
}

/// Microseconds on the clock that all processes of this machine share.
pub(super) fn now_us() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_micros() as u64)
}

/// The victim's folder of keys.
#[derive(Clone, Debug)]
pub(super) struct Keys(PathBuf);

impl Keys {
    /// Makes them.
    pub(super) fn new(folder: &Path) -> Result<Self> {
        // Its own authority.
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned()])?;
        let key = KeyPair::generate()?;
        fs::write(folder.join("own.pem"), params.self_signed(&key)?.pem())?;
        secret_file::create(&folder.join("own.key"), key.serialize_pem().as_bytes())?;
        Ok(Self(folder.to_owned()))
    }

    pub(super) fn inherited() -> Result<Self> {
        Ok(Self(std::env::var_os(KEYS).context("no folder of keys")?.into()))
    }

    pub(super) fn to_inherit(&self) -> [(&'static str, String); 1] {
        [(KEYS, self.0.display().to_string())]
    }

    /// The security of one who dials the victim.
    pub(super) fn dialler(&self) -> SecurityConfig {
        let certificates = self.0.join("own.pem");
        let peers = AuthorityFiles { certificates, revoked: None, name: PeerName::Host };
        tls(TlsConfig::Server { own: None, peers: Some(peers) })
    }

    /// A node that the victim lets in.
    pub(super) fn peer(&self, name: &str) -> NodeBuilder {
        Node::builder(name).security(self.dialler()).token(Secret::new(TOKEN.to_vec()))
    }
}

/// A secret that the victim does not know.
pub(super) fn wrong_token() -> Secret {
    Secret::new(WRONG_TOKEN.to_vec())
}

fn tls(tls: TlsConfig) -> SecurityConfig {
    let mut config = SecurityConfig::default();
    config.tls = Some(tls);
    config
}

/// The process of the victim: serves until its standard input ends.
pub(super) async fn serve() -> Result<()> {
    let keys = Keys::inherited()?;
    let own = CertificateFiles { certificate: keys.0.join("own.pem"), key: keys.0.join("own.key") };
    let node = Node::builder("victim@local")
        .listen("tls:127.0.0.1:0".parse()?)
        .security(tls(TlsConfig::Server { own: Some(own), peers: None }))
        .token(Secret::new(TOKEN.to_vec()))
        .admission(AdmissionLimits { requests: REQUESTS, ..AdmissionLimits::default() })
        .start()
        .await?;
    let victim = node.spawn(Victim { node: node.clone(), cancelled_us: 0 });
    node.names().register("victim", &victim)?;
    println!("READY {}", node.endpoints().first().context("the node listens")?);
    super::until_input_ends().await
}

/// Joins the victim; its actor.
pub(super) async fn join(node: &Node, at: &Endpoint) -> Result<Ref<Victim>> {
    let victim = node.connect(at).await?;
    Ok(node.at::<Victim>(&victim, "victim").me().await?)
}
