//! What a frame is: its kind, and the class of traffic that the kind belongs to.

/// A class of traffic. Classes share the session; order is promised within
/// the actors class only, and control frames overtake all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Handshake, ticks, closing. Never cut into chunks.
    Control = 0,
    /// All signals between actors, in order per receiver.
    Actors = 1,
    /// Streams of services.
    Streams = 2,
    /// Membership and replicated names.
    Membership = 3,
    /// Whatever can wait.
    Bulk = 4,
}

impl Class {
    /// The class with this number.
    pub(crate) fn from_u8(value: u8) -> Option<Self> {
        Some(match value {
            0 => Self::Control,
            1 => Self::Actors,
            2 => Self::Streams,
            3 => Self::Membership,
            4 => Self::Bulk,
            _ => return None,
        })
    }
}

/// An unknown kind with this bit is skipped; without it, it is a violation.
pub(crate) const SKIPPABLE: u8 = 0x80;

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $value:literal, $class:ident;)*) => {
        /// The kind of a frame, one byte on the wire.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Kind {
            $($(#[$doc])* $kind = $value,)*
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// The kind with this number, if this version knows it.
            #[inline]
            pub fn from_u8(value: u8) -> Option<Self> {
                match value {
                    $($value => Some(Self::$kind),)*
                    _ => None,
                }
            }

            /// The one class that frames of this kind travel in.
            #[inline]
            pub const fn class(self) -> Class {
                match self {
                    $(Self::$kind => Class::$class,)*
                }
            }

            /// Its name, for error texts.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => stringify!($kind),)*
                }
            }
        }
    };
}

kinds! {
    /// The dialler introduces itself.
    Hello = 0x01, Control;
    /// The acceptor answers.
    Welcome = 0x02, Control;
    /// No session, and why.
    Reject = 0x03, Control;
    /// The arbiter makes the attempt a session.
    Commit = 0x04, Control;
    /// Nothing else was sent for a while.
    Tick = 0x05, Control;
    /// The session ends, and why.
    Close = 0x06, Control;
    /// No more messages to an actor for now.
    Pause = 0x07, Control;
    /// Messages again.
    Resume = 0x08, Control;
    /// A message of a Noise handshake.
    Noise = 0x0d, Control;
    /// The dialler is to prove that it knows the cookie.
    Challenge = 0x0e, Control;
    /// One side of a handshake does.
    Proof = 0x0f, Control;
    /// More items of a stream may be sent.
    Credit = 0x09, Control;
    /// More messages of a class may be sent.
    ClassCredit = 0x0a, Control;

    /// A short id for a method.
    Define = 0x10, Actors;
    /// Who a node is that following pids name.
    Node = 0x11, Actors;
    /// A message.
    Send = 0x12, Actors;
    /// A message that wants an answer.
    Call = 0x13, Actors;
    /// The answer.
    Reply = 0x14, Actors;
    /// The answer is an error.
    ReplyError = 0x15, Actors;
    /// The answer is no longer wanted.
    Cancel = 0x16, Actors;
    /// Tell me when it ends.
    Monitor = 0x17, Actors;
    /// No longer.
    Demonitor = 0x18, Actors;
    /// It ended.
    Down = 0x19, Actors;
    /// End, for a reason.
    Exit = 0x1a, Actors;
    /// End now.
    Kill = 0x1b, Actors;
    /// Start an actor.
    Spawn = 0x1c, Actors;
    /// It started.
    SpawnReply = 0x1d, Actors;
    /// Two actors are linked.
    Link = 0x1e, Actors;
    /// No longer.
    Unlink = 0x1f, Actors;
    /// A linked actor ended.
    LinkExit = 0x50, Actors;

    /// Opens a stream.
    Open = 0x20, Streams;
    /// An item of a stream.
    Item = 0x21, Streams;
    /// The last one.
    LastItem = 0x22, Streams;
    /// No more items.
    End = 0x23, Streams;
    /// The stream is over, and why.
    Reset = 0x24, Streams;
    /// No more items are wanted.
    Stop = 0x25, Streams;

    /// A message of the membership protocols.
    Membership = 0x30, Membership;
    /// A message that can wait.
    Bulk = 0x40, Bulk;

    /// What the sender holds of a method that it was told of.
    Known = 0x51, Actors;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_classes() {
        for value in 0..=u8::MAX {
            assert!(Kind::from_u8(value).is_none_or(|kind| kind as u8 == value));
        }
        for &kind in Kind::ALL {
            assert_eq!(Kind::from_u8(kind as u8), Some(kind));
            assert_eq!(Class::from_u8(kind.class() as u8), Some(kind.class()));
        }
        assert_eq!(Class::from_u8(5), None);
    }
}
