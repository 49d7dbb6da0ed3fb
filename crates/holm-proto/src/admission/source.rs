//! Where connections come from.

use std::net::{IpAddr, Ipv4Addr};

/// Whom connections are counted against before their peer is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// This user's processes, or this process: nothing is counted against them one by one.
    Local,
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// An IPv6 network of 64 bits, which is what one customer is given at least.
    V6(u64),
}

impl From<IpAddr> for Source {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                let network = [a, b, c, d].map(u64::from);
                Self::V6(network.into_iter().fold(0, |all, part| all << 16 | part))
            }
        }
    }
}
