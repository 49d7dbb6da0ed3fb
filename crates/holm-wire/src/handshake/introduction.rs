//! What each side says of itself, in Hello and in Welcome.

use super::{
    Nonce, VERSIONS, VersionRange,
    tlv::{Fields, put_field},
};
use crate::{
    ClusterName, Fingerprint, Incarnation, Limits, Malformed, NameFault, NodeId, NodeName, Secret,
    ShardId,
    cursor::{Cursor, malformed},
    endpoints::{put_endpoints, take_endpoints},
    signal::ENVELOPE,
    varint,
};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Longest build id, in bytes: a version and a commit. A longer one is cut.
const BUILD_BYTES_MAX: usize = 255;
/// Longest token, in bytes: any common format of bearer token. The peer's longer one
/// is refused.
const TOKEN_BYTES_MAX: usize = 8 * 1024;
/// Most compression methods named; there is one byte for each.
const COMPRESSION_MAX: usize = 255;
/// Most shards of one node: with as many, each is a small file.
const SHARDS_MAX: usize = 4096;

/// What a node is to its cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A full member.
    Member,
    /// Connected to look, not counted as a member.
    Observer,
    /// Works for the node it dialled.
    Worker,
}

/// Optional abilities, one bit each; a session has those of both sides. Bits of later
/// versions are carried along and mean nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Features(pub u64);

impl Features {
    /// Streams, credit, and the classes membership and bulk.
    pub const STREAMS: Self = Self(1);
    /// It ticks when it sends nothing else, so its silence means something.
    pub const TICKS: Self = Self(1 << 1);
    /// Every frame ends with a checksum. For connections that may damage bytes.
    pub const CHECKSUM: Self = Self(1 << 2);
    /// It reads trace contexts in signals.
    pub const TRACE: Self = Self(1 << 3);
    /// It reads bodies with names, and says which fingerprints of methods it holds.
    pub const NAMED: Self = Self(1 << 4);
    /// Its receiver can pause all messages, by serial 0.
    pub const PAUSE_ALL: Self = Self(1 << 5);
    /// Agrees to plain TCP where it can be read on its way, or with a secret.
    pub const INSECURE: Self = Self(1 << 8);
    /// In a Hello before a Noise handshake: that handshake follows.
    pub const NOISE: Self = Self(1 << 9);

    /// What the session layer offers on any connection. `CHECKSUM` is for plain TCP
    /// off loopback alone: elsewhere TLS, Noise or the kernel see to it.
    pub const USUAL: Self = Self(Self::STREAMS.0 | Self::TICKS.0 | Self::TRACE.0);

    /// Whether all of these are there.
    pub fn contains(self, all: Self) -> bool {
        self.0 & all.0 == all.0
    }

    /// These and others.
    #[must_use]
    pub fn with(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// Those of both.
    #[must_use]
    pub fn common(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

/// What a node says of itself. Optional parts are empty after [`Introduction::new`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Introduction {
    /// The versions of the protocol it speaks.
    pub versions: VersionRange,
    /// How it writes signals; another way is refused.
    pub envelope: Fingerprint,
    /// Its cluster; another one is refused.
    pub cluster: ClusterName,
    /// Its name.
    pub node: NodeName,
    /// Which life of it.
    pub incarnation: Incarnation,
    /// What it is to the cluster.
    pub role: Role,
    /// Its optional abilities.
    pub features: Features,
    /// What it can be made to hold.
    pub limits: Limits,
    /// The compressions it reads, by the numbers of [`crate::Compression`], the
    /// preferred first.
    pub compression: Vec<u8>,
    /// Which build it is, for people; at most 255 bytes cross the wire.
    pub build: String,
    /// A digest of its registered message types, if it has any.
    pub types: Option<Fingerprint>,
    /// A bearer token; only where the transport hides it, which the driver decides.
    pub token: Option<Secret>,
    /// In Hello: the peer is to prove that it knows the cookie.
    pub nonce: Option<Nonce>,
    /// Where it can be dialled, at most 16, of at most 300 bytes each; more are left out.
    pub endpoints: Vec<String>,
    /// The shards it wants to serve, at most 4,096; more are left out.
    pub shards: Vec<ShardId>,
}

pub(super) mod tag {
    // 1 and 2 are Hello's.
    pub(super) const CLUSTER: u64 = 3;
    pub(in crate::handshake) const NODE: u64 = 4;
    pub(in crate::handshake) const INCARNATION: u64 = 5;
    pub(in crate::handshake) const ROLE: u64 = 6;
    pub(super) const FEATURES: u64 = 7;
    pub(super) const LIMITS: u64 = 8;
    pub(super) const COMPRESSION: u64 = 9;
    pub(super) const BUILD: u64 = 10;
    pub(super) const ENVELOPE: u64 = 11;
    pub(super) const TYPES: u64 = 12;
    pub(super) const TOKEN: u64 = 13;
    pub(super) const ENDPOINTS: u64 = 14;
    pub(in crate::handshake) const NONCE: u64 = 15;
    pub(super) const SHARDS: u64 = 16;
}

impl Introduction {
    /// A member with default limits and nothing optional.
    pub fn new(cluster: ClusterName, node: NodeName, incarnation: Incarnation) -> Self {
        Self {
            versions: VERSIONS,
            envelope: ENVELOPE,
            cluster,
            node,
            incarnation,
            role: Role::Member,
            features: Features::default(),
            limits: Limits::default(),
            compression: Vec::new(),
            build: String::new(),
            types: None,
            token: None,
            endpoints: Vec::new(),
            shards: Vec::new(),
            nonce: None,
        }
    }

    /// The node's id.
    pub fn node_id(&self) -> NodeId {
        NodeId::of(&self.node, self.incarnation)
    }

    /// Appends the fields; an empty optional one is left out.
    pub(crate) fn encode_fields(&self, out: &mut Vec<u8>) {
        let put_bytes = |tag, bytes: &[u8], out: &mut Vec<u8>| {
            if !bytes.is_empty() {
                put_field(tag, out, |out| out.extend_from_slice(bytes));
            }
        };
        put_bytes(tag::CLUSTER, self.cluster.as_str().as_bytes(), out);
        put_bytes(tag::NODE, self.node.as_str().as_bytes(), out);
        put_field(tag::INCARNATION, out, |out| {
            varint::encode(self.incarnation.0, out);
        });
        put_field(tag::ROLE, out, |out| out.push(self.role.as_u8()));
        put_field(tag::FEATURES, out, |out| {
            varint::encode(self.features.0, out);
        });
        put_field(tag::LIMITS, out, |out| put_limits(&self.limits, out));
        put_bytes(tag::COMPRESSION, &self.compression, out);
        let build = &self.build[..self.build.floor_char_boundary(BUILD_BYTES_MAX)];
        put_bytes(tag::BUILD, build.as_bytes(), out);
        put_field(tag::ENVELOPE, out, |out| {
            out.extend_from_slice(&self.envelope.to_bytes());
        });
        if let Some(types) = self.types {
            put_field(tag::TYPES, out, |out| {
                out.extend_from_slice(&types.to_bytes());
            });
        }
        if let Some(token) = &self.token {
            put_bytes(tag::TOKEN, token.expose(), out);
        }
        if !self.endpoints.is_empty() {
            put_field(tag::ENDPOINTS, out, |out| {
                put_endpoints(self.endpoints.iter().map(String::as_str), out);
            });
        }
        if let Some(nonce) = self.nonce {
            put_bytes(tag::NONCE, &nonce.0, out);
        }
        if !self.shards.is_empty() {
            put_field(tag::SHARDS, out, |out| {
                let shards = self.shards.iter().take(SHARDS_MAX);
                shards.for_each(|shard| varint::encode(shard.0.into(), out));
            });
        }
    }

    /// Reads the fields to the end; `other` is given those that are not of this type.
    pub(crate) fn decode_fields(
        versions: VersionRange,
        mut fields: Fields<'_>,
        mut other: impl FnMut(u64, Cursor<'_>) -> Result<(), Malformed>,
    ) -> Result<Self, Malformed> {
        let mut read = Partial::default();
        while let Some((tag, value)) = fields.next()? {
            if !read.take(tag, value)? {
                other(tag, value)?;
            }
        }
        Ok(Self {
            versions,
            envelope: read.envelope.ok_or(missing("envelope"))?,
            cluster: read.cluster.ok_or(missing("cluster"))?,
            node: read.node.ok_or(missing("node"))?,
            incarnation: read.incarnation.ok_or(missing("incarnation"))?,
            role: read.role.ok_or(missing("role"))?,
            features: read.features,
            limits: read.limits.ok_or(missing("limits"))?,
            compression: read.compression,
            build: read.build,
            types: read.types,
            token: read.token,
            endpoints: read.endpoints,
            shards: read.shards,
            nonce: read.nonce,
        })
    }
}

pub(crate) const fn missing(field: &'static str) -> Malformed {
    malformed(field, "is missing")
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Member => "member",
            Self::Observer => "observer",
            Self::Worker => "worker",
        })
    }
}

impl Role {
    pub(super) fn as_u8(self) -> u8 {
        match self {
            Self::Member => 0,
            Self::Observer => 1,
            Self::Worker => 2,
        }
    }

    pub(super) fn from_u8(value: u8) -> Result<Self, Malformed> {
        match value {
            0 => Ok(Self::Member),
            1 => Ok(Self::Observer),
            2 => Ok(Self::Worker),
            _ => Err(malformed("role", "is unknown")),
        }
    }
}

/// The fields read so far.
#[derive(Default)]
struct Partial {
    cluster: Option<ClusterName>,
    node: Option<NodeName>,
    incarnation: Option<Incarnation>,
    role: Option<Role>,
    features: Features,
    limits: Option<Limits>,
    compression: Vec<u8>,
    build: String,
    envelope: Option<Fingerprint>,
    types: Option<Fingerprint>,
    token: Option<Secret>,
    endpoints: Vec<String>,
    shards: Vec<ShardId>,
    nonce: Option<Nonce>,
}

impl Partial {
    /// Reads one field; false if its tag is not known.
    fn take(&mut self, tag: u64, mut value: Cursor<'_>) -> Result<bool, Malformed> {
        match tag {
            tag::CLUSTER => self.cluster = Some(take_name("cluster", &mut value)?),
            tag::NODE => self.node = Some(take_name("node", &mut value)?),
            tag::INCARNATION => {
                self.incarnation = Some(Incarnation(value.varint("incarnation")?));
            }
            tag::ROLE => self.role = Some(Role::from_u8(value.u8("role")?)?),
            tag::FEATURES => self.features = Features(value.varint("features")?),
            // A later version may append limits.
            tag::LIMITS => {
                self.limits = Some(take_limits(&mut value)?);
                return Ok(true);
            }
            tag::COMPRESSION => {
                self.compression = take_all("compression", COMPRESSION_MAX, &mut value)?.to_vec();
            }
            tag::BUILD => self.build = take_text("build", BUILD_BYTES_MAX, &mut value)?.to_owned(),
            tag::ENVELOPE => {
                self.envelope = Some(Fingerprint::from_bytes(value.array("envelope")?));
            }
            tag::TYPES => self.types = Some(Fingerprint::from_bytes(value.array("types")?)),
            tag::TOKEN => {
                let token = take_all("token", TOKEN_BYTES_MAX, &mut value)?;
                self.token = Some(Secret::new(token.to_vec()));
            }
            tag::ENDPOINTS => {
                let endpoints = take_endpoints(&mut value)?;
                self.endpoints = endpoints.into_iter().map(str::to_owned).collect();
            }
            tag::NONCE => self.nonce = Some(Nonce(value.array("nonce")?)),
            tag::SHARDS => self.shards = take_shards(&mut value)?,
            _ => return Ok(false),
        }
        value.finish()?;
        Ok(true)
    }
}

fn take_all<'a>(
    field: &'static str,
    max: usize,
    value: &mut Cursor<'a>,
) -> Result<&'a [u8], Malformed> {
    let length = value.rest().len();
    if length > max {
        return Err(malformed(field, "is too long"));
    }
    value.bytes(field, length)
}

fn take_text<'a>(
    field: &'static str,
    max: usize,
    value: &mut Cursor<'a>,
) -> Result<&'a str, Malformed> {
    std::str::from_utf8(take_all(field, max, value)?).map_err(|_| malformed(field, "is not UTF-8"))
}

pub(super) fn take_name<N: FromStr<Err = NameFault>>(
    field: &'static str,
    value: &mut Cursor<'_>,
) -> Result<N, Malformed> {
    let text = take_text(field, usize::MAX, value)?;
    text.parse().map_err(|_| malformed(field, "is not a valid name"))
}

fn take_shards(value: &mut Cursor<'_>) -> Result<Vec<ShardId>, Malformed> {
    let mut shards = Vec::new();
    while !value.rest().is_empty() {
        if shards.len() == SHARDS_MAX {
            return Err(malformed("shards", "are too many"));
        }
        let shard = u32::try_from(value.varint("shards")?);
        shards.push(ShardId(shard.map_err(|_| malformed("shards", "are out of range"))?));
    }
    Ok(shards)
}

fn put_limits(limits: &Limits, out: &mut Vec<u8>) {
    for limit in [
        limits.message_max,
        limits.chunk_max,
        limits.open_max,
        limits.reassembly_max,
        limits.requests_max,
        limits.streams_max,
        limits.stream_bytes,
        limits.stream_items,
        limits.tick_ms,
    ] {
        varint::encode(limit as u64, out);
    }
}

fn take_limits(value: &mut Cursor<'_>) -> Result<Limits, Malformed> {
    let mut next = || take_limit(value);
    let mut limits = Limits {
        message_max: next()?,
        chunk_max: next()?,
        open_max: next()?,
        reassembly_max: next()?,
        requests_max: next()?,
        ..Limits::default()
    };
    // A peer without streams leaves these out.
    for limit in [
        &mut limits.streams_max,
        &mut limits.stream_bytes,
        &mut limits.stream_items,
        &mut limits.tick_ms,
    ] {
        if value.rest().is_empty() {
            break;
        }
        *limit = take_limit(value)?;
    }
    limits.validate().map_err(|fault| malformed(fault.field, "is out of range"))?;
    Ok(limits)
}

/// What a peer could hold beyond our address space is the same to us.
fn take_limit(value: &mut Cursor<'_>) -> Result<usize, Malformed> {
    value.varint("limits").map(|limit| usize::try_from(limit).unwrap_or(usize::MAX))
}
