//! Frames, envelopes, codecs, handshake and session as pure state machines.
