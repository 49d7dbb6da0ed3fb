//! Private Unix sockets: a directory that only we can enter, a socket that only
//! we can dial, and what dead processes left of them.
//!
//! The directory is the wall: nobody else can reach a name inside one of mode
//! 0700, whatever the mode of the thing named. The process-wide umask is never
//! touched, since other threads create files meanwhile. Root is not kept out.
//!
//! Where there are no Unix sockets, there are only [`bind_private`], which says so, and its types.

#[cfg(not(unix))]
mod elsewhere;
mod error;
#[cfg(unix)]
mod private_dir;
#[cfg(unix)]
mod private_listener;
#[cfg(all(test, unix))]
mod tests;

#[cfg(not(unix))]
pub use elsewhere::{PrivateListener, bind_private, is_own_user};
pub use error::{SOCKET_PATH_MAX, UnixDirError};
#[cfg(unix)]
pub use private_dir::{PrivateDir, is_own_user, sweep};
#[cfg(unix)]
pub use private_listener::{PrivateListener, bind_private};
