//! Lists of endpoints, texts that only the transport understands.

use crate::{
    cursor::{Cursor, Malformed, malformed, put_slice},
    varint,
};

/// Most endpoints of one node: a few interfaces in a few transports. More are left
/// out by the sender, and malformed at the receiver.
const ENDPOINTS_MAX: usize = 16;
/// Longest endpoint, in bytes: a DNS name with scheme and port. Longer ones are left
/// out by the sender, and malformed at the receiver.
const ENDPOINT_BYTES_MAX: usize = 300;

/// Appends a count and the endpoints.
pub(crate) fn put_endpoints<'a>(endpoints: impl Iterator<Item = &'a str>, out: &mut Vec<u8>) {
    let sent: Vec<_> =
        endpoints.filter(|e| e.len() <= ENDPOINT_BYTES_MAX).take(ENDPOINTS_MAX).collect();
    varint::encode(sent.len() as u64, out);
    for endpoint in sent {
        put_slice(endpoint.as_bytes(), out);
    }
}

pub(crate) fn take_endpoints<'a>(cursor: &mut Cursor<'a>) -> Result<Vec<&'a str>, Malformed> {
    let count = cursor.varint("endpoints")?;
    if count > ENDPOINTS_MAX as u64 {
        return Err(malformed("endpoints", "are too many"));
    }
    (0..count).map(|_| cursor.str("endpoints", ENDPOINT_BYTES_MAX)).collect()
}
