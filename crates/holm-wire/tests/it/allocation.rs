//! A length that is only announced allocates nothing.

use crate::{Log, feed};
use holm_wire::{
    Admission, Compression, Kind, Limits, OpenRequests, RequestId, Side,
    body::{decode_named, decode_positional},
    handshake::{HandshakeError, HandshakeReader},
    session::{Inbound, Terms, streams::StreamTable},
    value::Value,
};
use serde::Deserialize;
use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

thread_local! {
    /// Bytes ever allocated by this thread; its tests run beside others.
    static ALLOCATED: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call is passed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.set(ALLOCATED.get() + layout.size());
        // SAFETY: the caller keeps to the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps to the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

const MIB: usize = 1024 * 1024;
/// The varint of 0xFFFF_FFFF.
const FOUR_GIB: [u8; 5] = [0xff, 0xff, 0xff, 0xff, 0x0f];

fn allocated(run: impl FnOnce()) -> usize {
    let before = ALLOCATED.get();
    run();
    ALLOCATED.get() - before
}

#[test]
fn the_allocator_counts() {
    assert!(allocated(|| drop(std::hint::black_box(vec![1_u8; MIB]))) >= MIB);
}

#[test]
fn a_frame_of_4_gib_before_the_handshake() {
    let bytes = allocated(|| {
        let mut reader = HandshakeReader::new();
        reader.buffer()[..5].copy_from_slice(&FOUR_GIB);
        reader.handle_read(5);
        assert!(matches!(reader.poll_frame(), Err(HandshakeError::Foreign(_))));
    });
    assert!(bytes < 64 * 1024, "{bytes}");
}

#[test]
fn a_frame_of_1_mib_before_the_handshake_follows_what_arrives() {
    let bytes = allocated(|| {
        let mut reader = HandshakeReader::new();
        // 1 MiB announced, Hello, 20 KiB sent.
        let mut stream = vec![0xff, 0xff, 0x3f, Kind::Hello as u8, 0, 0];
        stream.resize(20 * 1024, 0);
        for piece in stream.chunks(1000) {
            reader.buffer();
            let mut rest = piece;
            while !rest.is_empty() {
                let buffer = reader.buffer();
                let n = rest.len().min(buffer.len());
                buffer[..n].copy_from_slice(&rest[..n]);
                reader.handle_read(n);
                rest = &rest[n..];
            }
            assert_eq!(reader.poll_frame(), Ok(None));
        }
    });
    assert!(bytes < 128 * 1024, "{bytes}");
}

#[test]
fn a_frame_of_4_gib_in_a_session() {
    let bytes = allocated(|| {
        let mut inbound = Inbound::new(Limits::default(), &[]);
        assert!(feed(&mut inbound, &FOUR_GIB, &mut Log::default()).is_err());
    });
    assert!(bytes < MIB, "{bytes}");
}

/// The heads of first chunks that each announce 8 MiB, with a whole chunk's length and
/// no data: the most that a stranger gets for a few bytes is a chunk.
#[test]
fn a_message_of_8_mib_that_never_comes() {
    let bytes = allocated(|| {
        let mut inbound = Inbound::new(Limits::default(), &[]);
        // length 65,545: kind, flags, id 0, message 0, sequence 0, total, 64 KiB of data.
        let head = [0x89, 0x80, 0x04, Kind::Send as u8, 0x09, 0, 0, 0, 0x80, 0x80, 0x80, 0x04];
        feed(&mut inbound, &head, &mut Log::default()).unwrap();
        inbound.buffer();
    });
    assert!(bytes < MIB, "{bytes}");
}

/// What a compressed frame says that it stands for is bounded by a chunk.
#[test]
fn a_compressed_frame_that_stands_for_4_gib() {
    let terms = Terms { compression: Some(Compression::Lz4), ..Limits::default().into() };
    let bytes = allocated(|| {
        let mut inbound = Inbound::new(terms, &[]);
        let mut frame = vec![13, Kind::Send as u8, 0x21, 0];
        frame.extend(FOUR_GIB);
        frame.extend([0x1f, 0x61, 1, 0, 0xff]);
        assert!(feed(&mut inbound, &frame, &mut Log::default()).is_err());
    });
    assert!(bytes < MIB, "{bytes}");
}

/// Streams opened and reset for ever, cancels of what is not there: nothing stays.
#[test]
fn floods_leave_nothing() {
    let mut streams: StreamTable<()> = StreamTable::new(Side::Accepted, Limits::default());
    let mut requests = OpenRequests::new(Side::Accepted, 10);
    let id = |n: u64| RequestId::from_u64(2 * n + 1).unwrap();
    let bytes = allocated(|| {
        for n in 0..10_000 {
            assert_eq!(streams.handle_open(id(n), false, 0, ()), Ok(Admission::Admitted));
            assert_eq!(streams.handle_reset(id(n)), Ok(Some(&mut ())));
            streams.remove(id(n)).unwrap();
            assert!(!requests.close(id(n)));
        }
    });
    assert!(bytes < 16 * 1024, "{bytes}");
    assert!(streams.is_empty() && requests.is_empty());
}

#[test]
fn a_quiet_session_is_small() {
    let bytes = allocated(|| {
        let mut inbound = Inbound::new(Limits::default(), &[]);
        feed(&mut inbound, &[3, Kind::Tick as u8, 0, 0], &mut Log::default()).unwrap();
    });
    assert!(bytes < 16 * 1024, "{bytes}");
}

/// Lists within lists that all announce what the bytes after them could hold.
#[test]
fn lists_that_share_their_bytes() {
    #[derive(Deserialize)]
    struct Tree(#[expect(dead_code, reason = "only read")] Vec<Self>);
    let mut body = Vec::new();
    for _ in 0..100 {
        body.extend([0xdd, 0, 0, 0xf0, 0]);
    }
    body.resize(MIB, 0xc1);
    let bytes = allocated(|| assert!(decode_named::<Tree>(&body).is_err()));
    assert!(bytes < 32 * MIB, "{bytes}");
    let bytes = allocated(|| assert!(decode_named::<Value>(&body).is_err()));
    assert!(bytes < MIB, "{bytes}");
    // 61,440 elements each.
    body = [0x80, 0xe0, 0x03].repeat(100);
    body.resize(MIB, 0x80);
    let bytes = allocated(|| assert!(decode_positional::<Tree>(&body).is_err()));
    assert!(bytes < 32 * MIB, "{bytes}");
}

#[test]
fn a_list_of_4_gib() {
    let body = [0xdd, 0xff, 0xff, 0xff, 0xff, 1];
    let bytes = allocated(|| {
        assert!(decode_named::<Vec<u64>>(&body).is_err());
        assert!(decode_named::<Value>(&body).is_err());
    });
    assert!(bytes < 1024, "{bytes}");
}
