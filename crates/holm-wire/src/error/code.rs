//! The typed error codes.

use std::fmt;

macro_rules! codes {
    ($($(#[$doc:meta])* $code:ident = $value:literal, $name:literal;)*) => {
        /// What went wrong, a number on the wire. Unknown numbers are kept as they are.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code {
            $($(#[$doc])* $code,)*
            /// A code of a later version.
            Other(u16),
        }

        impl Code {
            /// Every code of this version.
            pub const ALL: &[Self] = &[$(Self::$code),*];

            /// The code with this number.
            pub fn from_u16(value: u16) -> Self {
                match value {
                    $($value => Self::$code,)*
                    other => Self::Other(other),
                }
            }

            /// Its number.
            pub fn as_u16(self) -> u16 {
                match self {
                    $(Self::$code => $value,)*
                    Self::Other(other) => other,
                }
            }
        }

        impl fmt::Display for Code {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$code => f.write_str($name),)*
                    Self::Other(other) => write!(f, "code {other}"),
                }
            }
        }
    };
}

codes! {
    /// The request, or the peer's use of the protocol, is wrong.
    InvalidRequest = 1, "invalid_request";
    /// Who the peer is was not shown.
    Unauthorized = 2, "unauthorized";
    /// It is known, and may not.
    Forbidden = 3, "forbidden";
    /// No common version of the protocol.
    UnsupportedVersion = 4, "unsupported_version";
    /// Types or envelopes differ.
    SchemaMismatch = 5, "schema_mismatch";
    /// Over a size limit.
    TooLarge = 6, "too_large";
    /// Over a limit on load.
    Overloaded = 7, "overloaded";
    /// Busy with something else.
    Busy = 8, "busy";
    /// No such thing.
    NotFound = 9, "not_found";
    /// No such actor.
    Noproc = 10, "noproc";
    /// The caller gave up.
    Cancelled = 11, "cancelled";
    /// The deadline passed.
    DeadlineExceeded = 12, "deadline_exceeded";
    /// The connection was lost or never came about.
    Disconnected = 13, "disconnected";
    /// A fault of the answering side.
    Internal = 14, "internal";
    /// The actor has no method of this tag.
    UnknownMethod = 15, "unknown_method";
    /// Another connection of this pair holds, or now replaces, this one.
    Duplicate = 16, "duplicate";
    /// A later life of this node is known.
    StaleIncarnation = 17, "stale_incarnation";
    /// Another name has this node id.
    NodeIdTaken = 18, "node_id_taken";
    /// The mailbox is full and its policy is to fail.
    Full = 19, "full";
    /// The mailbox dropped the message by its policy.
    Dropped = 20, "dropped";
    /// The actor ended before it answered; the reason comes along.
    Exited = 21, "exited";
    /// The peer stops on purpose; no error.
    Left = 22, "left";
    /// The handler dropped the call without an answer.
    Unanswered = 23, "unanswered";
    /// The connection damaged what it carried.
    Corrupt = 24, "corrupt";
    /// The actor is of another type than the caller believes.
    WrongType = 25, "wrong_type";
}

impl Code {
    /// Whether the same request may succeed later, as far as the code alone can tell.
    pub fn is_retryable(self) -> bool {
        matches!(self, Self::Overloaded | Self::Busy | Self::Full | Self::Disconnected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        for value in 0..1000 {
            assert_eq!(Code::from_u16(value).as_u16(), value);
        }
        for &code in Code::ALL {
            assert_eq!(Code::from_u16(code.as_u16()), code);
        }
        assert_eq!(Code::from_u16(999), Code::Other(999));
    }
}
