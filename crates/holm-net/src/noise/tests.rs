//! Records: keys change by bytes and by time, and words to the channel are not taken for data.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::{ErrorKind, IoSlice};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use holm_env::WriteHalf;
use parking_lot::Mutex;

use super::records::{KeyLife, PLAIN_MAX, Records};
use super::*;
use crate::stream::Channel;

/// Both ends of a channel, without a stream.
fn pair(life: KeyLife) -> (Records, Records) {
    let (key, other) = (NoiseKey::generate().unwrap(), NoiseKey::generate().unwrap());
    let mut ends = [begin(&key, b"hello", true).unwrap(), begin(&other, b"hello", false).unwrap()];
    for turn in 0..3 {
        let mut message = [0; MESSAGE_MAX];
        let n = ends[turn % 2].write_message(&[], &mut message).unwrap();
        ends[(turn + 1) % 2].read_message(&message[..n], &mut [0; MESSAGE_MAX]).unwrap();
    }
    let [near, far] = ends.map(|end| Records::new(end.into_transport_mode().unwrap(), life));
    (near, far)
}

#[derive(Default)]
struct Wire(Mutex<Vec<u8>>);

impl WriteHalf for Wire {
    fn try_write_vectored(&self, bufs: &[IoSlice<'_>]) -> std::io::Result<usize> {
        let mut wire = self.0.lock();
        bufs.iter().for_each(|buf| wire.extend_from_slice(buf));
        Ok(bufs.iter().map(|buf| buf.len()).sum())
    }

    fn poll_writable(&self, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn shutdown(&self) {}
}

fn sent(records: &mut Records) -> Vec<u8> {
    let wire = Arc::new(Wire::default());
    records.send(&*wire).unwrap();
    assert!(!records.has_unsent());
    std::mem::take(&mut *wire.0.lock())
}

/// Feeds `bytes` in pieces and returns all plaintext.
fn received(records: &mut Records, bytes: &[u8], piece: usize) -> Vec<u8> {
    let (mut all, mut buffer) = (Vec::new(), [0; 999]);
    for piece in bytes.chunks(piece) {
        let mut rest = piece;
        while !rest.is_empty() {
            let n = records.feed(rest).unwrap();
            rest = &rest[n..];
            while let Ok(n @ 1..) = records.read(&mut buffer) {
                all.extend_from_slice(&buffer[..n]);
            }
        }
    }
    all
}

/// The lengths of the records in `bytes`, their tags not counted.
fn lengths(mut bytes: &[u8]) -> Vec<usize> {
    let mut lengths = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes(*length));
        lengths.push(length - 16);
        bytes = &rest[length..];
    }
    lengths
}

#[tokio::test]
async fn records_are_cut_independently_of_buffers() {
    let (mut near, mut far) = pair(KeyLife::default());
    let bytes: Vec<u8> = (0..100_000).map(|n| (n / 3) as u8).collect();
    let bufs = [&bytes[..20], &bytes[20..65_556], &bytes[65_556..]].map(IoSlice::new);
    let n = near.write(&bufs).unwrap();
    assert!(n >= PLAIN_MAX, "{n}");
    let wire = sent(&mut near);
    assert_eq!(lengths(&wire)[0], PLAIN_MAX);
    assert!(received(&mut far, &wire, 1_000) == bytes[..n]);
    // Many small buffers share one record.
    let small: Vec<_> = bytes[..1000].chunks(10).map(IoSlice::new).collect();
    assert_eq!(near.write(&small).unwrap(), 1000);
    let wire = sent(&mut near);
    assert_eq!(lengths(&wire), [1000]);
    assert!(received(&mut far, &wire, 1) == bytes[..1000]);
}

#[tokio::test]
async fn the_key_changes_after_so_many_bytes() {
    let (mut near, mut far) = pair(KeyLife { bytes: 100, time: Duration::MAX });
    let mut rekeys = 0;
    for n in 0..50_u8 {
        near.write(&[IoSlice::new(&[n; 60])]).unwrap();
        let wire = sent(&mut near);
        match lengths(&wire)[..] {
            [60] => {}
            [0, 1, 60] => rekeys += 1,
            ref other => panic!("{other:?}"),
        }
        assert_eq!(received(&mut far, &wire, 7), [n; 60]);
        // The other direction has a key of its own.
        far.write(&[IoSlice::new(b"back")]).unwrap();
        assert_eq!(received(&mut near, &sent(&mut far), 100), b"back");
    }
    assert_eq!(rekeys, 24);
}

#[tokio::test(start_paused = true)]
async fn the_key_changes_after_a_time() {
    let time = Duration::from_secs(600);
    let (mut near, mut far) = pair(KeyLife { bytes: u64::MAX, time });
    for seconds in [0, 599, 1] {
        tokio::time::advance(Duration::from_secs(seconds)).await;
        near.write(&[IoSlice::new(b"now")]).unwrap();
        let wire = sent(&mut near);
        assert_eq!(lengths(&wire).len(), if seconds == 1 { 3 } else { 1 });
        assert_eq!(received(&mut far, &wire, 100), b"now");
    }
    near.write(&[IoSlice::new(b"again")]).unwrap();
    assert_eq!(lengths(&sent(&mut near)), [5]);
}

/// A peer that goes on with the old key is cut off: the change is real.
#[tokio::test]
async fn after_a_change_the_old_key_is_of_no_use() {
    let (mut near, mut far) = pair(KeyLife { bytes: 10, time: Duration::MAX });
    near.write(&[IoSlice::new(&[1; 20])]).unwrap();
    assert_eq!(received(&mut far, &sent(&mut near), 100), [1; 20]);
    near.write(&[IoSlice::new(&[2; 20])]).unwrap();
    let wire = sent(&mut near);
    // Without the word that announces it.
    let head = 2 * (2 + 16) + 1;
    let error = far.feed(&wire[head..]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
}

#[tokio::test]
async fn one_byte_of_data_is_no_word_to_the_channel() {
    let (mut near, mut far) = pair(KeyLife::default());
    for byte in [0, 1, 2] {
        near.write(&[IoSlice::new(&[byte])]).unwrap();
        assert_eq!(received(&mut far, &sent(&mut near), 100), [byte]);
    }
    near.close();
    assert_eq!(received(&mut far, &sent(&mut near), 1), []);
    assert_eq!(far.read(&mut [0; 9]).unwrap(), 0);
    assert_eq!(far.feed(&[]).unwrap(), 0);
    let cut = near.feed(&[]).unwrap_err();
    assert_eq!(cut.kind(), ErrorKind::UnexpectedEof);
}

#[tokio::test]
async fn what_does_not_verify_is_an_error() {
    let (mut near, mut far) = pair(KeyLife::default());
    near.write(&[IoSlice::new(b"words")]).unwrap();
    let wire = sent(&mut near);
    // Twice the same, too short to hold a tag, an unknown word.
    assert_eq!(received(&mut far, &wire, 100), b"words");
    assert_eq!(far.feed(&wire).unwrap_err().kind(), ErrorKind::InvalidData);
    let (_, mut far) = pair(KeyLife::default());
    assert_eq!(far.feed(&[0, 3, 1, 2, 3]).unwrap_err().kind(), ErrorKind::InvalidData);
    assert_eq!(far.feed(&[0, 0]).unwrap_err().kind(), ErrorKind::InvalidData);
}
