//! Messages that follow each other to one actor.

use std::sync::Arc;

use holm_actor::{AnyCell, ArrivalError, ArrivedBody, Gathering};
use holm_wire::Serial;
use holm_wire::signal::Target;

use crate::inner::Inner;
use crate::link::Link;
use crate::overshoot::weight_of;

/// The receiver of the last message of a read, so that it need not be looked up for the next one, and what is
/// gathered for it.
#[derive(Default)]
pub(crate) struct Run {
    receiver: Option<Receiver>,
}

struct Receiver {
    serial: Serial,
    cell: Arc<dyn AnyCell>,
    table: usize,
    /// Messages of this run that were appended alone.
    alone: usize,
    gathered: Option<Box<dyn Gathering>>,
    /// The weight of what was gathered since the last release.
    weight: usize,
    /// The peer was asked to send it no more.
    paused: bool,
    /// What came nevertheless, and is not counted yet.
    beyond: usize,
}

impl Run {
    /// Goes on with the actor `to`, and ends the run of another one; the table of its methods, if there is one.
    #[inline]
    pub(crate) fn turn_to(
        &mut self,
        to: Serial,
        node: &Arc<Inner>,
        link: &Arc<Link>,
    ) -> Option<usize> {
        match &self.receiver {
            Some(receiver) if receiver.serial == to => Some(receiver.table),
            _ => self.begin(to, node, link),
        }
    }

    fn begin(&mut self, to: Serial, node: &Arc<Inner>, link: &Arc<Link>) -> Option<usize> {
        self.end(node, link);
        let cell = node.find(Target::Serial(to))?;
        let table = cell.table_id();
        self.receiver = Some(Receiver {
            serial: to,
            cell,
            table,
            alone: 0,
            gathered: None,
            weight: 0,
            paused: false,
            beyond: 0,
        });
        Some(table)
    }

    /// A message for the actor turned to: the first one is appended at once, so that it can begin, and others
    /// are gathered.
    #[inline]
    pub(crate) fn take(
        &mut self,
        method: usize,
        body: &[u8],
        node: &Inner,
        link: &Arc<Link>,
    ) -> Result<(), ArrivalError> {
        let receiver = self.receiver.as_mut().expect("it was turned to");
        if receiver.alone == 1 && receiver.gathered.is_none() {
            receiver.gathered = Arc::clone(&receiver.cell).gather();
        }
        let Some(gathered) = &mut receiver.gathered else {
            receiver.alone += 1;
            if receiver.cell.arrive(method, ArrivedBody::Positional(body), &mut None)? {
                receiver.go_beyond(weight_of(body.len()), node, link);
            }
            return Ok(());
        };
        let is_full = gathered.add(method, body)?;
        receiver.weight += weight_of(body.len());
        if is_full {
            receiver.release(node, link);
        }
        Ok(())
    }

    /// Appends what was gathered: something else follows it.
    #[inline]
    pub(crate) fn release(&mut self, node: &Inner, link: &Arc<Link>) {
        if let Some(receiver) = &mut self.receiver
            && receiver.weight > 0
        {
            receiver.release(node, link);
        }
    }

    /// Lets go of the actor.
    pub(crate) fn end(&mut self, node: &Inner, link: &Arc<Link>) {
        self.release(node, link);
        if let Some(Receiver { serial, beyond, .. }) = self.receiver.take()
            && beyond > 0
        {
            link.note_beyond(node, serial, beyond);
        }
    }
}

impl Receiver {
    /// If its inbox is over its bound then, all of it counts as beyond.
    fn release(&mut self, node: &Inner, link: &Arc<Link>) {
        let weight = std::mem::take(&mut self.weight);
        match self.gathered.as_mut().map_or(Ok(false), |gathered| gathered.release()) {
            Ok(false) => {}
            Ok(true) => self.go_beyond(weight, node, link),
            Err(lost) => (0..lost).for_each(|_| node.count_refused(link, &ArrivalError::Noproc)),
        }
    }

    /// Messages of this weight came to its inbox, which is full.
    fn go_beyond(&mut self, weight: usize, node: &Inner, link: &Arc<Link>) {
        if self.paused {
            self.beyond += weight;
        } else {
            self.paused = true;
            link.pause(node, &self.cell, weight);
        }
    }
}
