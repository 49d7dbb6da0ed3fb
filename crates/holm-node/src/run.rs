//! Messages that follow each other to one actor.

use std::sync::Arc;

use holm_actor::AnyCell;
use holm_wire::Serial;
use holm_wire::signal::Target;

use crate::inner::Inner;
use crate::link::Link;
use crate::overshoot::weight_of;

/// The receiver of the last message of a read, so that it need not be looked up for the next one.
#[derive(Default)]
pub(crate) struct Run {
    to: Option<(Serial, Arc<dyn AnyCell>)>,
    /// The peer was asked to send it no more.
    paused: bool,
    /// What came nevertheless, and is not counted yet.
    beyond: usize,
}

impl Run {
    /// The actor `to`; ends the run of another one.
    #[inline]
    pub(crate) fn turn_to(
        &mut self,
        to: Serial,
        node: &Arc<Inner>,
        link: &Arc<Link>,
    ) -> Option<&dyn AnyCell> {
        if self.to.as_ref().is_none_or(|(last, _)| *last != to) {
            self.end(node, link);
            self.to = node.find(Target::Serial(to)).map(|cell| (to, cell));
        }
        self.to.as_ref().map(|(_, cell)| &**cell)
    }

    /// A message of this length came to its inbox, which is full.
    pub(crate) fn go_beyond(&mut self, length: usize, node: &Inner, link: &Arc<Link>) {
        let Some((_, cell)) = &self.to else { return };
        if self.paused {
            self.beyond += weight_of(length);
        } else {
            self.paused = true;
            link.pause(node, cell, weight_of(length));
        }
    }

    /// Lets go of the actor.
    pub(crate) fn end(&mut self, node: &Inner, link: &Link) {
        let Self { to, beyond, .. } = std::mem::take(self);
        if let Some((serial, _)) = to
            && beyond > 0
        {
            link.note_beyond(node, serial, beyond);
        }
    }
}
