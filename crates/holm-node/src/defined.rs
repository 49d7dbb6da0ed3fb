//! A method as the peer defined it: how its messages are to be read here.

use holm_actor::{Agreement, AnyCell, ArrivalError, ArrivedBody, MethodInfo};
use holm_wire::body::{BodyError, split_both, split_untyped};
use holm_wire::{BodyCodec, Fingerprint};

/// A method as the peer defined it.
pub(crate) struct Defined {
    actor_type: String,
    tag: String,
    fingerprint: Fingerprint,
    /// Where it was found last.
    found: Option<Found>,
    /// The peer was told which fingerprint this node holds.
    is_answered: bool,
}

/// A method as an actor of this node has it.
#[derive(Clone, Copy)]
struct Found {
    table: usize,
    position: usize,
    info: &'static MethodInfo,
    /// The peer holds the same fingerprint.
    is_same: bool,
}

/// A message, as it is to be handed to an actor.
#[derive(Clone, Copy)]
pub(crate) enum Arriving<'a> {
    Typed(usize, ArrivedBody<'a>),
    Untyped { method: &'a str, args: &'a [u8] },
}

impl Defined {
    pub(crate) fn new(actor_type: &str, tag: &str, fingerprint: Fingerprint) -> Self {
        let (actor_type, tag) = (actor_type.to_owned(), tag.to_owned());
        Self { actor_type, tag, fingerprint, found: None, is_answered: false }
    }

    /// Where the method is in this table, if it was found there last, and the peer, which holds the same
    /// fingerprint, knows that.
    #[inline]
    pub(crate) fn position_in(&self, table: usize) -> Option<usize> {
        let found = self.found.filter(|found| found.table == table && found.is_same)?;
        self.is_answered.then_some(found.position)
    }

    /// The fingerprint that this node holds, the first time that it is known.
    pub(crate) fn take_answer(&mut self) -> Option<Fingerprint> {
        let found = self.found?;
        let is_first = !std::mem::replace(&mut self.is_answered, true);
        is_first.then(|| (found.info.fingerprint)())
    }

    /// How `cell` is to read a body of this codec.
    pub(crate) fn resolve<'a>(
        &mut self,
        cell: &dyn AnyCell,
        codec: BodyCodec,
        body: &'a [u8],
    ) -> Result<Arriving<'a>, ArrivalError> {
        if self.actor_type.is_empty() && self.tag.is_empty() {
            if codec != BodyCodec::Named {
                return Err(BodyError::Invalid("codec").into());
            }
            let (method, args) = split_untyped(body)?;
            return Ok(Arriving::Untyped { method, args });
        }
        let found = self.find(cell)?;
        let theirs = Some(self.fingerprint);
        let (is_same, is_strict) = (found.is_same, found.info.agreement == Agreement::Fingerprint);
        let body = match codec {
            BodyCodec::Positional if is_same => ArrivedBody::Positional(body),
            BodyCodec::Named if is_same || !is_strict => ArrivedBody::Named { body, theirs },
            BodyCodec::Both if is_same => ArrivedBody::Positional(split_both(body)?.0),
            BodyCodec::Both if !is_strict => {
                ArrivedBody::Named { body: split_both(body)?.1, theirs }
            }
            BodyCodec::Positional | BodyCodec::Named | BodyCodec::Both => {
                return Err(ArrivalError::SchemaMismatch {
                    actor_type: found.info.actor_type,
                    tag: self.tag.clone(),
                    theirs,
                    ours: (found.info.fingerprint)(),
                    fault: None,
                });
            }
            BodyCodec::Raw => return Err(BodyError::Invalid("codec").into()),
        };
        Ok(Arriving::Typed(found.position, body))
    }

    /// The method in the table of `cell`'s type.
    fn find(&mut self, cell: &dyn AnyCell) -> Result<Found, ArrivalError> {
        let table = cell.table_id();
        if let Some(found) = self.found
            && found.table == table
        {
            return Ok(found);
        }
        if cell.type_name() != self.actor_type {
            let wanted = self.actor_type.clone();
            return Err(ArrivalError::WrongType { wanted, found: cell.type_name() });
        }
        let (position, info) = cell.method(&self.tag)?;
        let is_same = (info.fingerprint)() == self.fingerprint;
        Ok(*self.found.insert(Found { table, position, info, is_same }))
    }
}

impl Arriving<'_> {
    /// How the reply is to be coded.
    pub(crate) fn codec(&self) -> BodyCodec {
        match self {
            Self::Typed(_, ArrivedBody::Positional(_)) => BodyCodec::Positional,
            Self::Typed(_, ArrivedBody::Named { .. }) | Self::Untyped { .. } => BodyCodec::Named,
        }
    }
}
