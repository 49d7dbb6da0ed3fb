//! Noise's transport messages as a stream: records of a length and a ciphertext.
//!
//! A record is `length u16, big-endian | ciphertext`, its plaintext at most [`PLAIN_MAX`] bytes of
//! the stream, cut wherever they happen to be. An empty plaintext announces that the next record
//! is a word to the channel itself, of one byte: [`REKEY`], after which its sender uses the next key
//! in that direction, or [`END`], the end of the stream. A stream that ends without it was cut.

use std::io::{self, ErrorKind, IoSlice};
use std::time::Duration;

use holm_env::WriteHalf;
use snow::TransportState;
use tokio::time::Instant;

use crate::stream::{Channel, UNSENT_MAX};

/// Longest plaintext of a record, in bytes: Noise's longest message without its tag.
pub(crate) const PLAIN_MAX: usize = 65_535 - TAG;

const TAG: usize = 16;
const REKEY: u8 = 0;
const END: u8 = 1;

/// How long one key is used in one direction: what was sent under earlier ones stays secret if the
/// present one leaks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyLife {
    /// Plaintext bytes. 1 GiB: a change each second at full speed costs nothing.
    pub(crate) bytes: u64,
    /// Time, noticed at the next write. 10 minutes: short beside a session of days.
    pub(crate) time: Duration,
}

impl Default for KeyLife {
    fn default() -> Self {
        Self { bytes: 1 << 30, time: Duration::from_secs(600) }
    }
}

pub(crate) struct Records {
    noise: TransportState,
    life: KeyLife,
    /// Plaintext sent under the present key, and since when.
    sent: u64,
    since: Instant,
    /// Encrypted and not sent, from `unsent` on.
    outgoing: Vec<u8>,
    unsent: usize,
    /// The first part of a record that is not here as a whole.
    partial: Vec<u8>,
    /// Decrypted and not handed out, from `unread` on.
    plain: Vec<u8>,
    unread: usize,
    /// The next record is a word to the channel.
    word: bool,
    ended: bool,
    /// Where buffers that do not fill a record are gathered to one.
    gather: Vec<u8>,
}

impl Records {
    pub(crate) fn new(noise: TransportState, life: KeyLife) -> Self {
        Self {
            noise,
            life,
            sent: 0,
            since: Instant::now(),
            outgoing: Vec::new(),
            unsent: 0,
            partial: Vec::new(),
            plain: Vec::new(),
            unread: 0,
            word: false,
            ended: false,
            gather: Vec::new(),
        }
    }

    fn encrypt(&mut self, plaintext: &[u8]) {
        let length = plaintext.len() + TAG;
        let head = u16::try_from(length).expect("at most PLAIN_MAX");
        self.outgoing.extend_from_slice(&head.to_be_bytes());
        let at = self.outgoing.len();
        self.outgoing.resize(at + length, 0);
        // It fails only beyond 2^64 records.
        let written = self.noise.write_message(plaintext, &mut self.outgoing[at..]);
        assert_eq!(written.ok(), Some(length), "a record of Noise's size");
        self.sent += plaintext.len() as u64;
    }

    fn say(&mut self, word: u8) {
        self.encrypt(&[]);
        self.encrypt(&[word]);
    }

    fn unsent_bytes(&self) -> usize {
        self.outgoing.len() - self.unsent
    }

    /// Encrypts a record of the stream, under a new key if it is time for one.
    fn seal(&mut self, plaintext: &[u8]) {
        if self.sent >= self.life.bytes || self.since.elapsed() >= self.life.time {
            self.say(REKEY);
            self.noise.rekey_outgoing();
            (self.sent, self.since) = (0, Instant::now());
        }
        self.encrypt(plaintext);
    }

    /// Decrypts one record without its length.
    fn decrypt(&mut self, record: &[u8]) -> io::Result<()> {
        let bad = |what| io::Error::new(ErrorKind::InvalidData, what);
        debug_assert_eq!(self.unread, self.plain.len());
        self.unread = 0;
        self.plain.resize(record.len(), 0);
        let read = self.noise.read_message(record, &mut self.plain);
        let Ok(length) = read else {
            self.plain.clear();
            return Err(bad("a record of the peer does not verify"));
        };
        self.plain.truncate(length);
        if !std::mem::replace(&mut self.word, length == 0) {
            return Ok(());
        }
        match self.plain[..] {
            [REKEY] => self.noise.rekey_incoming(),
            [END] => self.ended = true,
            _ => return Err(bad("the peer said an unknown word to the channel")),
        }
        self.word = false;
        self.plain.clear();
        Ok(())
    }
}

impl Channel for Records {
    fn write(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut written = 0;
        let mut gather = std::mem::take(&mut self.gather);
        for buf in bufs {
            let mut rest = &buf[..];
            while !rest.is_empty() && self.unsent_bytes() + gather.len() < UNSENT_MAX {
                let n = rest.len().min(PLAIN_MAX - gather.len());
                let (fits, left) = rest.split_at(n);
                if n == PLAIN_MAX {
                    self.seal(fits);
                } else {
                    gather.extend_from_slice(fits);
                    if gather.len() == PLAIN_MAX {
                        self.seal(&gather);
                        gather.clear();
                    }
                }
                written += n;
                rest = left;
            }
        }
        if !gather.is_empty() {
            self.seal(&gather);
            gather.clear();
        }
        self.gather = gather;
        Ok(written)
    }

    fn has_unsent(&self) -> bool {
        self.unsent < self.outgoing.len()
    }

    fn send(&mut self, writer: &dyn WriteHalf) -> io::Result<()> {
        while self.has_unsent() {
            match writer.try_write_vectored(&[IoSlice::new(&self.outgoing[self.unsent..])]) {
                Ok(n) => self.unsent += n,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    if self.unsent >= UNSENT_MAX {
                        self.outgoing.drain(..self.unsent);
                        self.unsent = 0;
                    }
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.outgoing.clear();
        self.unsent = 0;
        Ok(())
    }

    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let unread = &self.plain[self.unread..];
        if unread.is_empty() {
            return if self.ended { Ok(0) } else { Err(ErrorKind::WouldBlock.into()) };
        }
        let n = unread.len().min(buf.len());
        buf[..n].copy_from_slice(&unread[..n]);
        self.unread += n;
        Ok(n)
    }

    fn feed(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            let cut = "the stream was cut: it ended without a mark of the peer";
            return if self.ended {
                Ok(0)
            } else {
                Err(io::Error::new(ErrorKind::UnexpectedEof, cut))
            };
        }
        if self.partial.is_empty()
            && let Some((record, _)) = split_record(bytes)
        {
            self.decrypt(record)?;
            return Ok(2 + record.len());
        }
        // First the two bytes of the length, then the record.
        let wanted = match self.partial[..] {
            [] => 2,
            [_] => 1,
            [high, low, ..] => {
                let length = usize::from(u16::from_be_bytes([high, low]));
                2 + length - self.partial.len()
            }
        };
        let n = wanted.min(bytes.len());
        self.partial.extend_from_slice(&bytes[..n]);
        let partial = std::mem::take(&mut self.partial);
        if let Some((record, _)) = split_record(&partial) {
            self.decrypt(record)?;
            self.partial = partial;
            self.partial.clear();
        } else {
            self.partial = partial;
        }
        Ok(n)
    }

    fn close(&mut self) {
        self.say(END);
    }
}

/// The first record without its length, and what is behind it.
fn split_record(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(u16::from_be_bytes(*length).into())
}
