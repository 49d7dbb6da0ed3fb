//! The actors that the tests talk to.

use std::sync::Arc;

use holm::prelude::*;
use holm::{Address, Down, MonitorRef, Pid, Ref};
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, Notify, mpsc};

/// Keeps numbers.
#[derive(Default, Serialize, Deserialize, Message)]
pub(crate) struct Log {
    pub(crate) entries: Vec<u64>,
}

#[actor]
impl Log {
    async fn started(&mut self, _cx: &mut Context<Self>) -> Result<(), ExitReason> {
        match self.entries.first() {
            Some(&STILLBORN) => Err(ExitReason::Failed("stillborn".into())),
            Some(_) | None => Ok(()),
        }
    }

    async fn note(&mut self, entry: u64) {
        self.entries.push(entry);
    }

    async fn entries(&mut self) -> Vec<u64> {
        self.entries.clone()
    }

    fn count(&self) -> u64 {
        self.entries.len() as u64
    }

    async fn end(&mut self, cx: &mut Context<Self>, reason: ExitReason) {
        cx.stop(reason);
    }

    async fn panics(&mut self) {
        std::panic::resume_unwind(Box::new("asked to"));
    }

    /// Notes `entry` with another log, and returns what that has.
    async fn tell(&mut self, other: Ref<Self>, entry: u64) -> Vec<u64> {
        other.note(entry).await.unwrap();
        other.entries().await.unwrap()
    }

    /// A reference to itself.
    async fn me(&mut self, cx: &mut Context<Self>) -> Ref<Self> {
        cx.me()
    }
}

/// A log that starts with this ends at once.
pub(crate) const STILLBORN: u64 = u64::MAX;

/// Shows the test what happens to it.
#[derive(Clone)]
pub(crate) struct Probe {
    downs: mpsc::Sender<Down>,
    heard: Arc<Mutex<mpsc::Receiver<Down>>>,
    pub(crate) entered: Arc<Notify>,
    pub(crate) release: Arc<Notify>,
    got: Vec<(u64, usize)>,
}

impl Default for Probe {
    fn default() -> Self {
        let (downs, heard) = mpsc::channel(64);
        Self {
            downs,
            heard: Arc::new(Mutex::new(heard)),
            entered: Arc::default(),
            release: Arc::default(),
            got: Vec::new(),
        }
    }
}

impl Probe {
    pub(crate) async fn down(&self) -> Down {
        self.heard.lock().await.recv().await.unwrap()
    }
}

#[actor]
impl Probe {
    async fn signal(&mut self, signal: Signal, _cx: &mut Context<Self>) {
        self.got.push((u64::MAX, 0));
        match signal {
            Signal::Down(down) => self.downs.send(down).await.unwrap(),
            Signal::Exit(_) => self.entered.notify_one(),
            other => panic!("{other:?}"),
        }
    }

    /// Links with another actor, whose end it survives.
    async fn bind(&mut self, cx: &mut Context<Self>, pid: Pid) {
        cx.trap_exits(true);
        cx.link(pid);
    }

    /// Waits until the test releases it.
    async fn hold(&mut self) {
        self.entered.notify_one();
        self.release.notified().await;
    }

    async fn take(&mut self, number: u64, bytes: Vec<u8>) {
        assert!(bytes.iter().all(|byte| *byte == number as u8), "damaged");
        self.got.push((number, bytes.len()));
    }

    /// Numbers and lengths, in order of arrival; a signal is the largest number.
    async fn got(&mut self) -> Vec<(u64, usize)> {
        self.got.clone()
    }

    async fn echo(&mut self, bytes: Vec<u8>) -> Vec<u8> {
        bytes
    }

    async fn watch(&mut self, cx: &mut Context<Self>, pid: Pid) -> u64 {
        cx.monitor(pid).as_u64()
    }

    async fn unwatch(&mut self, cx: &mut Context<Self>, pid: Pid, monitor: u64) {
        cx.system().unwatch(&Address::Pid(pid), MonitorRef::from_u64(monitor));
    }

    /// Sends `other` these numbers with so many bytes, then ends.
    async fn last_words(
        &mut self,
        cx: &mut Context<Self>,
        other: Ref<Self>,
        numbers: Vec<u64>,
        bytes: u64,
    ) {
        for number in numbers {
            other.cast().take(number, vec![number as u8; bytes as usize]).unwrap();
        }
        cx.stop(ExitReason::Failed("said all".into()));
    }
}

/// Answers when it has been asked often enough, the last one first.
#[derive(Default)]
pub(crate) struct Hoard {
    pub(crate) wanted: usize,
    pub(crate) owed: Vec<(u64, Reply<u64>)>,
    /// Told when a caller has gone.
    pub(crate) gone: Arc<Notify>,
}

#[actor]
impl Hoard {
    async fn ask(&mut self, number: u64, reply: Reply<u64>) {
        self.owed.push((number, reply));
        if self.owed.len() == self.wanted {
            for (number, reply) in self.owed.drain(..).rev() {
                reply.send(number);
            }
        }
    }

    /// Waits until the caller does not.
    async fn outlast(&mut self, mut reply: Reply<u64>) {
        reply.abandoned().await;
        self.gone.notify_one();
    }

    async fn weigh(&mut self, bytes: Vec<u8>) -> u64 {
        bytes.len() as u64
    }
}
