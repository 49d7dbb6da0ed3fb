//! What two sides agreed on, as far as the frames of their session depend on it.

use crate::{
    Compression, Limits, Side,
    handshake::{Established, Features},
};

/// The terms of one session; the same on both sides, but for `side`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Which side this one is.
    pub side: Side,
    /// What holds in both directions.
    pub limits: Limits,
    /// The abilities of both.
    pub features: Features,
    /// How frames are compressed, if they are.
    pub compression: Option<Compression>,
}

impl From<&Established> for Terms {
    fn from(agreed: &Established) -> Self {
        let (ours, theirs) = (&agreed.ours.compression, &agreed.peer.compression);
        let (dialler, acceptor) = match agreed.side {
            Side::Dialled => (ours, theirs),
            Side::Accepted => (theirs, ours),
        };
        Self {
            side: agreed.side,
            limits: agreed.limits,
            features: agreed.features,
            compression: Compression::agree(dialler, acceptor),
        }
    }
}

/// Nothing optional, as with a peer of the first release.
impl From<Limits> for Terms {
    fn from(limits: Limits) -> Self {
        Self { side: Side::Dialled, limits, features: Features::default(), compression: None }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::{
        AttemptNo, Incarnation,
        handshake::{
            AwaitHello, Dial, HandshakeFrame, HandshakeReader, Hello, Introduced, Introduction,
            dial,
        },
    };

    fn introduction(node: &str, features: Features, compression: &[u8]) -> Introduction {
        let node = node.parse().unwrap();
        let mut it = Introduction::new("main".parse().unwrap(), node, Incarnation(1));
        (it.features, it.compression) = (features, compression.to_vec());
        it
    }

    fn frame(bytes: &[u8]) -> HandshakeFrame {
        let mut reader = HandshakeReader::new();
        reader.buffer()[..bytes.len()].copy_from_slice(bytes);
        reader.handle_read(bytes.len());
        reader.poll_frame().unwrap().unwrap()
    }

    fn agreed(introduced: &Introduced) -> Terms {
        match introduced {
            Introduced::Committing(it) => it.agreed().into(),
            Introduced::AwaitCommit(it) => it.agreed().into(),
        }
    }

    /// The terms of both sides, the dialler's first.
    fn shake(dialler: Introduction, acceptor: Introduction) -> [Terms; 2] {
        let attempt = AttemptNo(1.try_into().unwrap());
        let hello = Hello { dial: Dial { attempt, gone: None, is_blind: false }, from: dialler };
        let mut bytes = Vec::new();
        let waiting = dial(hello, &mut bytes);
        let greeted = AwaitHello.handle_frame(frame(&bytes)).unwrap();
        bytes.clear();
        let accepted = greeted.welcome(acceptor, &mut bytes).unwrap();
        let dialled = waiting.handle_frame(frame(&bytes)).unwrap();
        [agreed(&dialled), agreed(&accepted)]
    }

    #[test]
    fn both_sides_come_to_the_same() {
        let [dialled, accepted] = shake(
            introduction("b@x", Features::USUAL, &[2, 1]),
            introduction("a@x", Features::USUAL.with(Features::CHECKSUM), &[1, 7]),
        );
        assert_eq!(dialled.features, Features::USUAL);
        assert_eq!(dialled.compression, Some(Compression::Lz4));
        assert_eq!((dialled.side, accepted.side), (Side::Dialled, Side::Accepted));
        assert_eq!(Terms { side: Side::Accepted, ..dialled }, accepted);
    }

    #[test]
    fn with_a_peer_of_the_first_release_nothing_is_optional() {
        let new = || introduction("b@x", Features::USUAL.with(Features::CHECKSUM), &[1]);
        let old = || introduction("a@x", Features::default(), &[]);
        for [dialled, accepted] in [shake(new(), old()), shake(old(), new())] {
            let plain = Terms::from(Limits::default());
            assert_eq!(dialled, plain);
            assert_eq!(accepted, Terms { side: Side::Accepted, ..plain });
        }
    }
}
