//! What each step does, to the ledgers and to the ghost that judges them.

use super::{
    ghost::{Call, Calls, Watch},
    world::{Actor, Frame, Life, Line, Op, Queued, Reaction, Signal, Step, World, stamp},
};
use holm_proto::ledger::{Ended, LinkId, LinkIds, Lost};
use holm_wire::{MonitorId, Pid};

impl World {
    pub(super) fn apply(&mut self, step: Step) {
        match step {
            Step::Do(actor, op) => {
                self.actors[actor].ops -= 1;
                self.operate(actor, op);
            }
            Step::Append(actor) => self.append_unsent(actor),
            Step::Deliver(line) => self.deliver(line),
            Step::Handle(actor) => self.handle(actor),
            Step::End(actor) => self.end(actor),
            Step::Send(from, to, length) => self.send(from, to, Signal::Message(length)),
            Step::Close(near, far) => self.close(near, far),
            Step::Lose(near, far) => self.lose(near, far),
        }
    }

    /// Sends what `actor` has done, at once: enough where no session is lost, since nobody
    /// can tell what is unsent from what is on its way.
    pub(super) fn append_all(&mut self) {
        for actor in 0..self.actors.len() {
            while !self.actors[actor].unsent.is_empty() {
                self.append_unsent(actor);
            }
        }
    }

    fn operate(&mut self, at: usize, op: Op) {
        match op {
            Op::Link(peer) => {
                let (me, pid) = (self.actors[at].pid, self.actors[peer].pid);
                // Every node counts from 0: numbers alone do not tell ids apart.
                let mint = self.ghost.calls.iter().filter(|call| call.key.node == me.node).count();
                let key = self.actors[at].ledger.link(me, pid, LinkId(mint as u64));
                assert_eq!(key.is_none(), self.ghost.links(at, peer) != 0, "linked already");
                if let Some(key) = key {
                    self.ghost.called(at, peer, key);
                    self.send(at, peer, Signal::Link(key));
                }
            }
            Op::Unlink(peer) => {
                let pid = self.actors[peer].pid;
                let ids = self.actors[at].ledger.unlink(pid);
                self.ghost.gives_up(at, self.ghost.links(at, peer));
                for queued in &mut self.actors[at].inbox {
                    match queued {
                        Queued::Exit { peer: from, flushed, .. } => *flushed |= *from == peer,
                        Queued::Down(_) => {}
                    }
                }
                if !ids.is_empty() {
                    self.send(at, peer, Signal::Unlink(ids));
                }
            }
            Op::Exit => self.actors[at].life = Life::Ending,
            Op::Monitor(target) => {
                let id = MonitorId(self.minted);
                self.minted += 1;
                let pid = self.actors[target].pid;
                self.actors[at].ledger.monitor(id, pid);
                self.ghost.watches.push(Watch {
                    id,
                    watcher: at,
                    target,
                    session: None,
                    downs: 0,
                    ended: false,
                    given_up: false,
                });
                self.send(at, target, Signal::Monitor(id));
            }
            Op::Demonitor { watch, flush } => {
                let ghost = &mut self.ghost.watches[watch];
                let (id, target) = (ghost.id, ghost.target);
                let live = self.actors[at].ledger.demonitor(id, flush);
                ghost.ended = true;
                ghost.given_up |= flush || live.is_some();
                if let Some(pid) = live {
                    assert_eq!(pid, self.actors[target].pid);
                    self.send(at, target, Signal::Demonitor(id));
                }
            }
        }
    }

    fn send(&mut self, from: usize, to: usize, signal: Signal) {
        self.actors[from].unsent.push_back((to, signal));
    }

    fn append_unsent(&mut self, from: usize) {
        let (to, signal) = self.actors[from].unsent.pop_front().unwrap();
        let far = self.actors[to].node;
        let Some(session) = self.append(from, to, signal) else { return };
        let peer = self.actors[to].pid;
        let ledger = &mut self.actors[from].ledger;
        match signal {
            Signal::Link(key) => {
                let is_live = ledger.link_ids(peer).contains(key);
                assert_eq!(ledger.stamp_link(peer, key, stamp(far, session)), is_live);
                self.ghost.sent(key, session);
            }
            Signal::Monitor(id) => {
                ledger.stamp_monitor(id, stamp(far, session));
                self.ghost.watch(id, from).session = Some(session);
            }
            Signal::Unlink(_)
            | Signal::Exit(_)
            | Signal::Noproc(_)
            | Signal::Demonitor(_)
            | Signal::Down(_)
            | Signal::Message(_) => {}
        }
    }

    /// By which session it went.
    fn append(&mut self, from: usize, to: usize, signal: Signal) -> Option<u64> {
        let (near, far) = (self.actors[from].node, self.actors[to].node);
        let line = if near == far { Line::Local(from, to) } else { Line::Remote(near, far) };
        let session = self.ports.get(&(near, far)).map(|port| port.out);
        let frame = Frame { from, to, session: session.unwrap_or(0), signal };
        self.lines.entry(line).or_default().push_back(frame);
        session
    }

    fn deliver(&mut self, line: Line) {
        let frame = self.take(line, 0);
        let read = self.session(frame.to, frame.from);
        if read.is_none_or(|read| frame.session >= read) {
            self.handle_frame(frame);
        }
    }

    /// Takes the frame at this place of a line.
    pub(super) fn take(&mut self, line: Line, at: usize) -> Frame {
        let frames = self.lines.get_mut(&line).unwrap();
        let frame = frames.remove(at).unwrap();
        if frames.is_empty() {
            self.lines.remove(&line);
        }
        frame
    }

    /// A frame has arrived.
    pub(super) fn handle_frame(&mut self, Frame { from, to, signal, .. }: Frame) {
        if self.is_dead(to) {
            match signal {
                Signal::Link(key) => drop(self.append(to, from, Signal::Noproc(key))),
                Signal::Monitor(id) => drop(self.append(to, from, Signal::Down(id))),
                Signal::Unlink(_)
                | Signal::Exit(_)
                | Signal::Noproc(_)
                | Signal::Demonitor(_)
                | Signal::Down(_)
                | Signal::Message(_) => {}
            }
            return;
        }
        self.arrive(from, to, signal);
    }

    fn arrive(&mut self, from: usize, to: usize, signal: Signal) {
        let peer = self.actors[from].pid;
        let stamp = self.session(to, from).map(|session| stamp(self.actors[from].node, session));
        let ledger = &mut self.actors[to].ledger;
        match signal {
            Signal::Link(key) => {
                let theirs = self.ghost.select(|call| call.pair == [from, to]);
                assert_eq!(self.ghost.links(to, from) & theirs, 0, "one id of each side at most");
                ledger.handle_link(peer, key);
                if let Some(stamp) = stamp {
                    ledger.stamp_link(peer, key, stamp);
                }
                self.ghost.learns(to, key);
            }
            Signal::Unlink(ids) => {
                let known = self.ghost.links(to, from);
                let retired = ledger.handle_unlink(peer, &ids);
                assert_eq!(self.calls(&retired), self.calls(&ids) & known, "retires what is live");
                self.ghost.gives_up(to, self.calls(&ids));
            }
            Signal::Exit(ids) => self.exit(from, to, &ids, self.ghost.links(from, to)),
            Signal::Noproc(key) => self.exit(from, to, &key.into(), self.ghost.call(key)),
            Signal::Monitor(id) => {
                assert_eq!(ledger.watch((peer, id), (peer, id)), None);
                if let Some(stamp) = stamp {
                    ledger.stamp_watcher(&(peer, id), stamp);
                }
            }
            Signal::Demonitor(id) => {
                ledger.unwatch(&(peer, id));
            }
            Signal::Down(id) => {
                if ledger.fire(id) {
                    self.actors[to].inbox.push_back(Queued::Down(id));
                }
            }
            Signal::Message(_) => {}
        }
    }

    /// It acts if the receiver has not given up all the calls that the sender had not.
    fn exit(&mut self, from: usize, to: usize, ids: &LinkIds, of_sender: Calls) {
        let of_receiver = self.ghost.links(to, from);
        let peer = self.actors[from].pid;
        let ended = self.actors[to].ledger.handle_exit(peer, ids);
        let acts = !ended.is_empty();
        assert_eq!(acts, of_sender & of_receiver != 0, "an exit acts if both agree on a link");
        if acts {
            assert_eq!(self.calls(&ended), of_receiver, "all of the link is gone");
            self.ghost.gives_up(to, of_receiver);
            self.react(to, from);
        }
    }

    fn react(&mut self, at: usize, peer: usize) {
        let pid = self.actors[peer].pid;
        let actor = &mut self.actors[at];
        match (actor.life, actor.reaction) {
            (Life::Alive, Reaction::Trap) => {
                let token = actor.ledger.queue_exit(pid);
                actor.inbox.push_back(Queued::Exit { peer, token, flushed: false });
            }
            (Life::Alive, Reaction::End) => actor.life = Life::Ending,
            (Life::Alive, Reaction::Ignore) | (Life::Ending, _) => {}
            (Life::Dead, _) => panic!("nothing arrives at the dead"),
        }
    }

    fn handle(&mut self, at: usize) {
        let Actor { ledger, inbox, .. } = &mut self.actors[at];
        match inbox.pop_front().unwrap() {
            Queued::Down(id) => {
                let ghost = self.ghost.watch(id, at);
                assert_eq!(ledger.is_fired(id), !ghost.given_up, "seen, but not to be taken");
                let taken = ledger.take_down(id);
                assert_eq!(taken, !ghost.given_up, "a Down after it was given up, or none");
                ghost.downs += u32::from(taken);
            }
            Queued::Exit { token, flushed, .. } => {
                assert_eq!(ledger.is_queued(&token), !flushed, "seen, but not to be taken");
                assert_eq!(ledger.take_exit(token), !flushed, "an exit after unlink, or none");
                assert!(!ledger.take_exit(token), "taken twice");
            }
        }
    }

    fn end(&mut self, at: usize) {
        let actor = &mut self.actors[at];
        actor.life = Life::Dead;
        actor.inbox.clear();
        let Ended { links, watchers, monitors } = actor.ledger.end();
        let place = |pid: Pid| pid.serial.as_u64() as usize - 1;
        for (peer, ids) in links {
            assert_eq!(self.calls(&ids), self.ghost.links(at, place(peer)), "an exit names all");
            self.send(at, place(peer), Signal::Exit(ids));
        }
        for (watcher, id) in watchers {
            self.send(at, place(watcher), Signal::Down(id));
        }
        for (id, target) in monitors {
            self.send(at, place(target), Signal::Demonitor(id));
        }
    }

    fn calls(&self, ids: &LinkIds) -> Calls {
        ids.iter().map(|key| self.ghost.call(key)).sum()
    }

    fn close(&mut self, near: usize, far: usize) {
        if self.ports[&(far, near)].out == self.ports[&(near, far)].out {
            self.losses -= 1;
        }
        let actors = self.actors.iter().enumerate();
        let here = actors.filter(|(_, actor)| actor.node == near).map(|(at, _)| at).collect();
        let port = self.ports.get_mut(&(near, far)).unwrap();
        port.out += 1;
        port.tearing_down = here;
    }

    fn lose(&mut self, near: usize, far: usize) {
        let port = self.ports.get_mut(&(near, far)).unwrap();
        let (at, session) = (port.tearing_down.pop().unwrap(), port.read);
        if port.tearing_down.is_empty() {
            port.read = port.out;
        }
        if self.is_dead(at) {
            return;
        }
        let Lost { links, monitors, watchers } = self.actors[at].ledger.lose(stamp(far, session));
        for peer in 0..self.actors.len() {
            if self.actors[peer].node != far {
                continue;
            }
            let linked = self.ghost.links(at, peer) != 0;
            let there = |call: &Call| call.pair.contains(&peer);
            let lost = |call: &Call| call.session == Some(session) && there(call);
            self.ghost.gives_up(at, self.ghost.links(at, peer) & self.ghost.select(lost));
            let ends = linked && self.ghost.links(at, peer) == 0;
            assert_eq!(ends, links.contains(&self.actors[peer].pid), "lost with the session");
            if ends {
                self.react(at, peer);
            }
        }
        for (id, _) in monitors {
            let watch = self.ghost.watch(id, at);
            assert_eq!(watch.session, Some(session), "fired by another session's loss");
            self.actors[at].inbox.push_back(Queued::Down(id));
        }
        assert!(watchers.iter().all(|(pid, _)| pid.node.as_u64() as usize - 1 == far));
    }
}
