//! The simulated network: the conformance suite, delays, cuts, breaks and crashes.

use std::cell::Cell;
use std::future::poll_fn;
use std::io::{self, ErrorKind, IoSlice};
use std::time::Duration;

use holm_env::conformance::{Fixture, all};
use holm_env::{Connection, DialError, Endpoint, ListenError, Listener};
use holm_sim::{Delay, Host, Sim, World, check_deterministic, check_seeds};

use crate::SEEDS;

const MS: Duration = Duration::from_millis(1);

/// A stream from `a` to `b`, all directions with a delay of 1 ms.
struct Pair {
    world: World,
    a: Host,
    b: Host,
    dialled: Connection,
    accepted: Connection,
    listener: Box<dyn Listener>,
}

impl Pair {
    async fn new(world: World) -> Self {
        let (a, b) = (world.host("a"), world.host("b"));
        world.network().set_delay(&a, &b, Delay::fixed(MS));
        world.network().set_delay(&b, &a, Delay::fixed(MS));
        let mut listener = b.transport().listen(&b.endpoint()).await.unwrap();
        let to = b.endpoint();
        let transport = a.transport();
        let (dialled, accepted) = tokio::join!(transport.dial(&to), listener.accept());
        let (dialled, accepted) = (dialled.unwrap(), accepted.unwrap());
        Self { world, a, b, dialled, accepted, listener }
    }

    fn write(&self, text: &str) {
        write(&self.dialled, text);
    }

    async fn read(&mut self) -> io::Result<String> {
        read(&mut self.accepted).await
    }
}

fn write(connection: &Connection, text: &str) {
    let written = connection.writer.try_write_vectored(&[IoSlice::new(text.as_bytes())]);
    assert_eq!(written.unwrap(), text.len());
}

async fn read(connection: &mut Connection) -> io::Result<String> {
    let mut text = [0; 100];
    let read = poll_fn(|cx| connection.reader.poll_read(cx, &mut text)).await?;
    Ok(String::from_utf8(text[..read].to_vec()).unwrap())
}

/// Reads up to the length of `text`, which may come in pieces.
async fn expect(connection: &mut Connection, text: &str) {
    let mut got = String::new();
    while got.len() < text.len() {
        got += &read(connection).await.unwrap();
    }
    assert_eq!(got, text);
}

fn run(scenario: impl AsyncFn(Pair)) {
    check_seeds(SEEDS, async |world: World| scenario(Pair::new(world).await).await);
}

#[test]
fn the_network_conforms() {
    check_deterministic(1, async |world: World| {
        let count = Cell::new(0);
        let fresh = || {
            count.set(count.get() + 1);
            Endpoint::Memory(format!("b/{}", count.get()))
        };
        let (a, b) = (world.host("a").transport(), world.host("b").transport());
        all(Fixture { dialler: &*a, listener: &*b, fresh: &fresh }).await;
    });
}

#[test]
fn each_direction_has_its_delay() {
    run(async |mut pair| {
        let network = pair.world.network();
        network.set_delay(&pair.a, &pair.b, Delay::fixed(20 * MS));
        network.set_delay(&pair.b, &pair.a, Delay::between(30 * MS, 40 * MS));
        let start = pair.world.elapsed();
        pair.write("there");
        expect(&mut pair.accepted, "there").await;
        assert_eq!(pair.world.elapsed() - start, 20 * MS);
        write(&pair.accepted, "back");
        expect(&mut pair.dialled, "back").await;
        let back = pair.world.elapsed() - start - 20 * MS;
        assert!((30 * MS..=40 * MS).contains(&back), "{back:?}");
    });
}

#[test]
fn a_cut_holds_what_is_under_way_until_it_is_healed() {
    run(async |mut pair| {
        let network = pair.world.network().clone();
        pair.write("under way ");
        network.cut_one_way(&pair.a, &pair.b);
        pair.write("cut ");
        // The other direction is open.
        write(&pair.accepted, "back");
        expect(&mut pair.dialled, "back").await;
        let held = tokio::time::timeout(Duration::from_secs(60), pair.read()).await;
        assert!(held.is_err(), "{held:?}");
        network.heal_one_way(&pair.a, &pair.b);
        pair.write("healed");
        expect(&mut pair.accepted, "under way cut healed").await;
    });
}

#[test]
fn a_side_that_waits_too_long_breaks_its_stream() {
    run(async |mut pair| {
        let network = pair.world.network().clone();
        network.break_after(Some(Duration::from_secs(5)));
        pair.write("before ");
        expect(&mut pair.accepted, "before ").await;
        let start = pair.world.elapsed();
        network.cut(&pair.a, &pair.b);
        pair.write("lost");
        let broken = read(&mut pair.dialled).await.unwrap_err();
        assert_eq!(broken.kind(), ErrorKind::TimedOut);
        assert_eq!(pair.world.elapsed() - start, Duration::from_secs(5));
        let refused = pair.dialled.writer.try_write_vectored(&[IoSlice::new(b"x")]);
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::BrokenPipe);
        // The other side had nothing to wait for: it hears of it when the cut is healed.
        let held = tokio::time::timeout(Duration::from_secs(60), pair.read()).await;
        assert!(held.is_err(), "{held:?}");
        network.heal(&pair.a, &pair.b);
        assert_eq!(pair.read().await.unwrap_err().kind(), ErrorKind::ConnectionReset);
        assert_eq!(pair.read().await.unwrap(), "");
    });
}

#[test]
fn lost_acknowledgements_break_a_stream_too() {
    run(async |mut pair| {
        let network = pair.world.network().clone();
        network.break_after(Some(Duration::from_secs(5)));
        network.cut_one_way(&pair.b, &pair.a);
        pair.write("heard");
        expect(&mut pair.accepted, "heard").await;
        assert_eq!(read(&mut pair.dialled).await.unwrap_err().kind(), ErrorKind::TimedOut);
        assert_eq!(pair.read().await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    });
}

#[test]
fn a_cut_that_is_healed_in_time_breaks_nothing() {
    run(async |mut pair| {
        let network = pair.world.network().clone();
        network.break_after(Some(Duration::from_secs(5)));
        network.cut(&pair.a, &pair.b);
        pair.write("late");
        tokio::time::sleep(Duration::from_millis(4_999)).await;
        network.heal(&pair.a, &pair.b);
        expect(&mut pair.accepted, "late").await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        pair.write("alive");
        expect(&mut pair.accepted, "alive").await;
    });
}

#[test]
fn a_dial_into_a_cut_waits_or_times_out() {
    run(async |pair| {
        let Pair { world, a, b, mut listener, .. } = pair;
        let (network, to, transport) = (world.network(), b.endpoint(), a.transport());
        network.cut(&a, &b);
        let healed = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            network.heal(&a, &b);
        };
        let (dialled, (), accepted) = tokio::join!(transport.dial(&to), healed, listener.accept());
        dialled.unwrap();
        accepted.unwrap();

        network.break_after(Some(Duration::from_secs(5)));
        network.cut(&a, &b);
        let error = transport.dial(&to).await.unwrap_err();
        let DialError::Connect { source, .. } = error else { panic!("{error}") };
        assert_eq!(source.kind(), ErrorKind::TimedOut);
    });
}

#[test]
fn streams_can_be_reset_on_both_sides() {
    run(async |mut pair| {
        pair.world.network().reset_streams(&pair.b, &pair.a);
        for connection in [&mut pair.dialled, &mut pair.accepted] {
            let error = read(connection).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
            assert_eq!(read(connection).await.unwrap(), "");
            let refused = connection.writer.try_write_vectored(&[IoSlice::new(b"x")]);
            assert_eq!(refused.unwrap_err().kind(), ErrorKind::BrokenPipe);
        }
    });
}

#[test]
fn a_crash_resets_streams_and_frees_addresses() {
    run(async |pair| {
        let Pair { world, a, b, mut dialled, accepted, listener } = pair;
        b.crash();
        assert_eq!(read(&mut dialled).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
        let refused = accepted.writer.try_write_vectored(&[IoSlice::new(b"x")]);
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::BrokenPipe);
        let refused = a.transport().dial(&b.endpoint()).await;
        assert!(matches!(refused, Err(DialError::Refused { .. })), "{refused:?}");
        let dead = b.transport().listen(&b.endpoint()).await.map(|_| ());
        assert!(matches!(dead, Err(ListenError::Io { .. })), "{dead:?}");
        let dead = b.transport().dial(&a.endpoint()).await;
        assert!(matches!(dead, Err(DialError::Connect { .. })), "{dead:?}");

        // The next life has the address to itself, whatever is left of the former one.
        let mut again = world.host("b").transport().listen(&b.endpoint()).await.unwrap();
        drop(listener);
        let (to, transport) = (b.endpoint(), a.transport());
        let (dialled, accepted) = tokio::join!(transport.dial(&to), again.accept());
        write(&dialled.unwrap(), "hello");
        expect(&mut accepted.unwrap(), "hello").await;
    });
}

#[test]
fn a_host_listens_at_its_own_addresses_only() {
    Sim::new(1).run(async |world| {
        let (a, b) = (world.host("a"), world.host("b"));
        let foreign = a.transport().listen(&b.endpoint()).await.map(|_| ());
        assert!(matches!(foreign, Err(ListenError::Io { .. })), "{foreign:?}");
        let tcp = "tcp:127.0.0.1:1".parse().unwrap();
        let tcp = a.transport().dial(&tcp).await;
        assert!(matches!(tcp, Err(DialError::Unsupported { .. })), "{tcp:?}");
    });
}
