//! Drives a handshake over a secured connection, against a deadline.

use holm_env::Connection;
use holm_wire::NodeName;
use holm_wire::handshake::{
    AwaitHello, Binding, Established, Greeted, Hello, Introduced, Introduction, Reject,
    dial as say_hello, dial_with_cookie,
};

pub use crate::failure::HandshakeFailure;
use crate::identity::{Method, PeerIdentity};
use crate::secured::{Rules, Secured};
use crate::standing::Standing;
pub use crate::talk::HANDSHAKE_DEADLINE;
use crate::talk::{Talk, within_deadline};

/// A connection that became a session.
pub struct Peering {
    /// The connection, for the session's frames only from now on.
    pub connection: Connection,
    /// What was agreed on.
    pub established: Established,
    /// What was read behind the handshake.
    pub already_read: Vec<u8>,
    /// Who the peer was proven to be.
    pub identity: PeerIdentity,
    /// What it was let in by.
    pub standing: Standing,
}

impl Secured {
    /// Introduces this node on a connection that it dialled, with its token if it has one.
    /// `decide` may still refuse once the peer is known.
    ///
    /// # Errors
    /// [`HandshakeFailure`]. Cancel safe: dropped, the connection is closed.
    pub async fn dial(
        self,
        mut hello: Hello,
        decide: impl FnOnce(&PeerIdentity, &Established) -> Result<(), Reject>,
    ) -> Result<Peering, HandshakeFailure> {
        let Self { mut identity, binding, connection, rules, mut standing } = self;
        hello.from.features = rules.features(hello.from.features);
        if let Some(token) = &rules.material.token {
            hello.from.token = Some(token.clone());
        }
        let mut talk = Talk::new(connection);
        let outcome = within_deadline(async {
            let mut out = Vec::new();
            let awaiting = if rules.cookie {
                let cookie = |message: &[u8]| rules.mac(message);
                let awaiting =
                    dial_with_cookie(hello, rules.nonce, cookie_binding(binding), &mut out);
                talk.write(&out).await?;
                out.clear();
                let answer = awaiting.handle_frame(talk.read().await?, cookie, &mut out)?;
                talk.write(&out).await?;
                answer.handle_frame(talk.read().await?, cookie)?
            } else {
                let awaiting = say_hello(hello, &mut out);
                talk.write(&out).await?;
                awaiting
            };
            let introduced = awaiting.handle_frame(talk.read().await?)?;
            if rules.cookie {
                standing.note_cookie(&rules.material);
                if binding.is_some() {
                    prove(&mut identity, Method::Cookie);
                }
            }
            let decide = |agreed: &Established| {
                rules.check_features(agreed.peer.features)?;
                check_name(&identity, &agreed.peer.node)?;
                decide(&identity, agreed).map_err(HandshakeFailure::Refused)
            };
            settle(&mut talk, introduced, Vec::new(), decide).await
        })
        .await;
        finish(talk, outcome.map(|established| (established, identity, standing)))
    }

    /// Answers on a connection that was accepted, with `ours`. `admit` decides by who the peer
    /// was proven to be, its token and the cookie included, and by its Hello; `decide` may still
    /// refuse when all is agreed.
    ///
    /// # Errors
    /// [`HandshakeFailure`]. Cancel safe: dropped, the connection is closed.
    pub async fn accept(
        self,
        mut ours: Introduction,
        admit: impl FnOnce(&PeerIdentity, &Hello) -> Result<(), Reject>,
        decide: impl FnOnce(&PeerIdentity, &Established) -> Result<(), Reject>,
    ) -> Result<Peering, HandshakeFailure> {
        let Self { mut identity, binding, connection, rules, mut standing } = self;
        ours.features = rules.features(ours.features);
        let mut talk = Talk::new(connection);
        let outcome = within_deadline(async {
            let mut greeted = AwaitHello.handle_frame(talk.read().await?)?;
            let mut out = Vec::new();
            rules.check_features(greeted.hello().from.features)?;
            check_name(&identity, &greeted.hello().from.node)?;
            if rules.cookie {
                greeted =
                    ask_for_cookie(&mut talk, greeted, &ours, &rules, binding, &mut out).await?;
                standing.note_cookie(&rules.material);
                if binding.is_some() {
                    prove(&mut identity, Method::Cookie);
                }
            }
            identity.token = rules.check_token(greeted.hello())?;
            standing.note_token(greeted.hello().from.token.as_ref());
            if identity.token.is_some() && binding.is_some() {
                prove(&mut identity, Method::Token);
            }
            admit(&identity, greeted.hello()).map_err(HandshakeFailure::Refused)?;
            let introduced = greeted.welcome(ours, &mut out)?;
            let decide =
                |agreed: &Established| decide(&identity, agreed).map_err(HandshakeFailure::Refused);
            settle(&mut talk, introduced, out, decide).await
        })
        .await;
        finish(talk, outcome.map(|established| (established, identity, standing)))
    }
}

/// Has both sides prove that they know the cookie, the dialler first. What this side has to say
/// last is left in `out`.
async fn ask_for_cookie(
    talk: &mut Talk,
    greeted: Greeted,
    ours: &Introduction,
    rules: &Rules,
    binding: Option<Binding>,
    out: &mut Vec<u8>,
) -> Result<Greeted, HandshakeFailure> {
    let challenged = greeted.challenge(ours, rules.nonce, cookie_binding(binding), out)?;
    talk.write(out).await?;
    out.clear();
    Ok(challenged.handle_frame(talk.read().await?, |message| rules.mac(message), out)?)
}

/// A cookie without encryption is bound to nothing: both sides allowed that.
fn cookie_binding(binding: Option<Binding>) -> Binding {
    binding.unwrap_or(Binding([0; 32]))
}

/// The peer is proven by something else, if by nothing better.
fn prove(identity: &mut PeerIdentity, method: Method) {
    if identity.method == Method::Nothing {
        identity.method = method;
    }
}

/// A certificate that names nodes is good for those alone.
fn check_name(identity: &PeerIdentity, node: &NodeName) -> Result<(), HandshakeFailure> {
    if identity.nodes.is_empty() || identity.nodes.iter().any(|name| name == node.as_str()) {
        Ok(())
    } else {
        Err(HandshakeFailure::NodeName(node.clone()))
    }
}

/// Commits, or waits for the peer's Commit. `out` is what is to be sent before.
async fn settle(
    talk: &mut Talk,
    introduced: Introduced,
    mut out: Vec<u8>,
    decide: impl FnOnce(&Established) -> Result<(), HandshakeFailure>,
) -> Result<Established, HandshakeFailure> {
    match introduced {
        Introduced::Committing(committing) => {
            if let Err(failure) = decide(committing.agreed()) {
                // The refused peer is to know whom it reached.
                talk.write(&out).await?;
                return Err(failure);
            }
            let established = committing.commit(&mut out);
            talk.write(&out).await?;
            Ok(established)
        }
        Introduced::AwaitCommit(awaiting) => {
            // Without a Welcome, or the arbiter would commit.
            decide(awaiting.agreed())?;
            talk.write(&out).await?;
            Ok(awaiting.handle_frame(talk.read().await?)?)
        }
    }
}

/// Tells the peer of a failure, then hands over or closes.
fn finish(
    talk: Talk,
    outcome: Result<(Established, PeerIdentity, Standing), HandshakeFailure>,
) -> Result<Peering, HandshakeFailure> {
    match outcome {
        Ok((established, identity, standing)) => {
            let (connection, already_read) = talk.into_parts();
            Ok(Peering { connection, established, already_read, identity, standing })
        }
        Err(failure) => Err(talk.fail(failure)),
    }
}
