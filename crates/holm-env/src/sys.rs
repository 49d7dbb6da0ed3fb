//! What differs between operating systems.

use std::io;

use socket2::SockRef;

use crate::net::HELD_BYTES_MAX;
#[cfg(any(target_os = "linux", target_os = "android"))]
use crate::net::UNSENT_BYTES_MAX;

/// Bounds what a TCP socket holds before it goes out. The send buffer proper is
/// left to the kernel, which sizes it to the way's bandwidth and delay.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn limit_unsent_tcp(socket: &SockRef<'_>) -> io::Result<()> {
    socket.set_tcp_notsent_lowat(UNSENT_BYTES_MAX)
}

/// Bounds what a TCP socket holds, including what is under way.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn limit_unsent_tcp(socket: &SockRef<'_>) -> io::Result<()> {
    socket.set_send_buffer_size(HELD_BYTES_MAX)
}

/// Bounds what a Unix socket holds. Linux doubles the value for its own records
/// and counts them in.
#[cfg(unix)]
pub(crate) fn limit_unsent_unix(socket: &SockRef<'_>) -> io::Result<()> {
    socket.set_send_buffer_size(HELD_BYTES_MAX / 2)
}
