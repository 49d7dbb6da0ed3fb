//! Who the peer is, and the driver of a session over a byte stream.
