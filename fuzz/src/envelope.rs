//! Payloads: what is read is written and read again.

use super::input::Input;
use holm_wire::control::Control;
use holm_wire::session::streams::{CreditFrame, StreamFrame};
use holm_wire::signal::Signal;
use holm_wire::{FrameHead, Kind, RequestId};

/// Reads the input as the payload of a kind of its own choice.
pub fn envelope(data: &[u8]) {
    let mut input = Input(data);
    let kind = Kind::ALL[usize::from(input.byte()) % Kind::ALL.len()];
    let head = FrameHead { kind, id: RequestId::from_u64(u64::from(input.byte())) };
    let payload = input.0;
    let mut again = Vec::new();
    if let Ok((signal, trace)) = Signal::decode_traced(head, payload) {
        assert_eq!(signal.head(), head);
        signal.encode_traced(trace, &mut again);
        assert_eq!(Signal::decode_traced(head, &again), Ok((signal, trace)));
    }
    if let Ok(control) = Control::decode(head, payload) {
        assert_eq!(control.head(), head);
        control.encode(&mut again);
        assert_eq!(Control::decode(head, &again), Ok(control));
    }
    if let Ok(frame) = StreamFrame::decode(head, payload) {
        assert_eq!(frame.head(), head);
        frame.encode(&mut again);
        assert_eq!(StreamFrame::decode(head, &again), Ok(frame));
    }
    if let Ok(frame) = CreditFrame::decode(head, payload) {
        assert_eq!(frame.head(), head);
        frame.encode(&mut again);
        assert_eq!(CreditFrame::decode(head, &again), Ok(frame));
    }
}
