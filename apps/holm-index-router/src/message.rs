//! What router and workers say to each other.

use std::collections::BTreeMap;

use holm::Message;
use holm::wire::{Schema, SchemaHasher};
use holm_index::{BatchReport, Hit, Kind};
use serde::{Deserialize, Serialize};

/// What a worker is made from.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Message)]
pub struct WorkerArgs {
    /// For tests: abort the process when this batch arrives, counted from 1.
    pub crash_at_batch: Option<u32>,
}

/// Some files of one shard.
#[derive(Clone, Debug, Serialize, Deserialize, Message)]
pub struct Batch {
    /// The shard.
    pub shard: u32,
    /// The files.
    pub files: Vec<SourceText>,
}

/// A file's text.
#[derive(Clone, Debug, Serialize, Deserialize, Message)]
pub struct SourceText {
    /// Path below the root.
    pub path: String,
    /// The whole text.
    pub text: String,
}

/// What a batch held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted(pub BatchReport);

/// What a search found, best first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found(pub Vec<Hit>);

// The search engine knows nothing of messages, so the structure of its types is described here.

impl Schema for Counted {
    fn describe(hasher: &mut SchemaHasher) {
        hasher.record::<BatchReport>("BatchReport", |fields| {
            fields.field::<u64>("files");
            fields.field::<u64>("bytes");
            fields.field::<BTreeMap<KindShape, u64>>("symbols");
        });
    }
}

impl Schema for Found {
    fn describe(hasher: &mut SchemaHasher) {
        Vec::<HitShape>::describe(hasher);
    }
}

enum HitShape {}

impl Schema for HitShape {
    fn describe(hasher: &mut SchemaHasher) {
        hasher.record::<Hit>("Hit", |fields| {
            fields.field::<String>("name");
            fields.field::<KindShape>("kind");
            for text in ["container", "signature", "path"] {
                fields.field::<String>(text);
            }
            for number in ["line", "column", "score"] {
                fields.field::<u32>(number);
            }
        });
    }
}

enum KindShape {}

impl Schema for KindShape {
    fn describe(hasher: &mut SchemaHasher) {
        hasher.choice::<Kind>("Kind", |variants| {
            for kind in Kind::ALL {
                variants.unit(kind.name());
            }
        });
    }
}
