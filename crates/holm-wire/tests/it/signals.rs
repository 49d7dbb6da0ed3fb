//! The signals that the vectors of `session.hex` stand for.

use holm_wire::{
    BodyCodec, Code, ExitReason, Fingerprint, Incarnation, LinkId, MethodId, MonitorId, RequestId,
    Serial, WireError,
    signal::{LinkedBy, Parent, Signal, Target, Watch},
};

type Named = (&'static str, Signal<'static>);

const METHOD: MethodId = MethodId(2);
const CODEC: BodyCodec = BodyCodec::Positional;
const FINGERPRINT: Fingerprint = Fingerprint::from_u64(0x0123_4567_89ab_cdef);
const BODY: &[u8] = &[0x0a];
const BY_NAME: Target<'_> = Target::Name("counter");

pub(crate) fn serial(n: u64) -> Serial {
    Serial::from_u64(n).unwrap()
}

pub(crate) fn request(n: u64) -> RequestId {
    RequestId::from_u64(n).unwrap()
}

fn target() -> Target<'static> {
    Target::Serial(serial(300))
}

fn watch() -> Watch {
    Watch { monitor: MonitorId(9), watcher: Some(serial(5)) }
}

fn future() -> Watch {
    Watch { monitor: MonitorId(10), watcher: None }
}

fn failed() -> ExitReason {
    ExitReason::Failed("boom".into())
}

pub(crate) fn messages() -> Vec<Named> {
    let (to, id) = (target(), request(7));
    let call = |deadline_ms| Signal::Call {
        id,
        to,
        method: METHOD,
        codec: CODEC,
        deadline_ms,
        body: BODY,
    };
    let define = Signal::Define {
        method: METHOD,
        actor_type: "Counter",
        tag: "add",
        fingerprint: FINGERPRINT,
    };
    let node = Signal::Node {
        name: "c@h:1".parse().unwrap(),
        incarnation: Incarnation(1000),
        endpoints: vec!["tcp:h:1"],
    };
    let send = |to, codec| Signal::Send { to, method: METHOD, codec, body: BODY };
    vec![
        ("define", define),
        ("node", node),
        ("send", send(to, CODEC)),
        ("send_by_name", send(BY_NAME, BodyCodec::Raw)),
        ("call", call(None)),
        ("call_deadline", call(Some(5000))),
        ("cancel", Signal::Cancel { id }),
    ]
}

/// What the feature `named` adds.
pub(crate) fn named() -> Vec<Named> {
    let (to, id) = (target(), request(7));
    // 300 by position; then `{"by": 300}`.
    let both = &[2, 0xac, 0x02, 0x81, 0xa2, b'b', b'y', 0xcd, 0x01, 0x2c];
    let untyped = Signal::Define {
        method: METHOD,
        actor_type: "",
        tag: "",
        fingerprint: Fingerprint::from_u64(0),
    };
    // `["add", [300]]`.
    let by_name = &[0x92, 0xa3, b'a', b'd', b'd', 0x91, 0xcd, 0x01, 0x2c];
    vec![
        ("known", Signal::Known { method: METHOD, fingerprint: FINGERPRINT }),
        ("send_both", Signal::Send { to, method: METHOD, codec: BodyCodec::Both, body: both }),
        ("define_untyped", untyped),
        (
            "call_untyped",
            Signal::Call {
                id,
                to,
                method: METHOD,
                codec: BodyCodec::Named,
                deadline_ms: None,
                body: by_name,
            },
        ),
        ("reply_named", Signal::Reply { id, codec: BodyCodec::Named, body: &[0xcd, 0x01, 0x2c] }),
    ]
}

pub(crate) fn answers() -> Vec<Named> {
    let id = request(7);
    let overloaded = WireError {
        details: Some("retry_after_ms=250".into()),
        ..WireError::new(Code::Overloaded, "too many requests")
    };
    let exited = WireError::new(Code::Exited, "it ended");
    let error = |error, reason| Signal::ReplyError { id, error, reason };
    vec![
        ("reply", Signal::Reply { id, codec: CODEC, body: BODY }),
        ("reply_error", error(overloaded, None)),
        ("reply_exited", error(exited, Some(failed()))),
    ]
}

pub(crate) fn ends() -> Vec<Named> {
    let (to, watch) = (target(), watch());
    let down = |watch, reason| Signal::Down { watch, reason };
    let exit = Signal::Exit {
        from: Some(serial(5)),
        to: serial(300),
        reason: ExitReason::Shutdown("".into()),
    };
    vec![
        ("monitor", Signal::Monitor { watch, to }),
        ("monitor_by_name", Signal::Monitor { watch: future(), to: BY_NAME }),
        ("demonitor", Signal::Demonitor { watch, to }),
        ("down_normal", down(watch, ExitReason::Normal)),
        ("down_shutdown", down(watch, ExitReason::Shutdown("bye".into()))),
        ("down_killed", down(watch, ExitReason::Killed)),
        ("down_failed", down(watch, failed())),
        ("down_noproc", down(future(), ExitReason::Noproc)),
        ("down_noconnection", down(watch, ExitReason::Noconnection)),
        ("exit", exit),
        ("kill", Signal::Kill { from: None, to: serial(300) }),
    ]
}

pub(crate) fn spawns() -> Vec<Named> {
    let id = request(7);
    let spawn = |monitored, linked| Signal::Spawn {
        id,
        actor_type: "Counter",
        fingerprint: FINGERPRINT,
        codec: CODEC,
        monitored,
        linked,
        args: BODY,
    };
    let parent = Parent { link: LinkId(11), serial: serial(5) };
    vec![
        ("spawn", spawn(None, None)),
        ("spawn_monitored", spawn(Some(watch()), None)),
        ("spawn_linked", spawn(None, Some(parent))),
        ("spawn_bound", spawn(Some(watch()), Some(parent))),
        ("spawn_reply", Signal::SpawnReply { id, serial: serial(300) }),
    ]
}

pub(crate) fn links() -> Vec<Named> {
    let (from, to) = (serial(5), serial(300));
    let (sender, receiver) = (LinkId(11), LinkId(400));
    let both = LinkedBy::Both { sender, receiver };
    let unlink = |links| Signal::Unlink { links, from, to };
    let exit = |links, reason| Signal::LinkExit { links, from, to, reason };
    vec![
        ("link", Signal::Link { link: sender, from, to }),
        ("unlink_sender", unlink(LinkedBy::Sender(sender))),
        ("unlink_receiver", unlink(LinkedBy::Receiver(receiver))),
        ("unlink_both", unlink(both)),
        ("link_exit_both", exit(both, failed())),
        ("link_exit_noproc", exit(LinkedBy::Receiver(receiver), ExitReason::Noproc)),
    ]
}
