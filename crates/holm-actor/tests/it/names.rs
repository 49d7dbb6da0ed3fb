//! Local names: unique, and free again before anybody hears of the end.

use holm_actor::{Actor, Context, NAME_BYTES_MAX, NameError, PlainApi};
use tokio::sync::mpsc;

use crate::support::*;

struct Other;

impl Actor for Other {
    type Msg = ();
    type Api = PlainApi<Self>;
    async fn handle(&mut self, (): (), _cx: &mut Context<Self>) {}
}

#[tokio::test]
async fn a_name_leads_to_its_holder() {
    let system = system();
    let puppet = system.spawn(Puppet::default());
    system.names().register("a", &puppet).unwrap();
    system.names().register("b", &puppet).unwrap();
    assert_eq!(system.names().whereis("a"), Some(puppet.pid()));
    assert_eq!(system.names().resolve::<Puppet>("b").unwrap(), puppet);
    assert!(system.names().unregister("a"));
    assert!(!system.names().unregister("a"));
    assert_eq!(system.names().whereis("a"), None);
    assert_eq!(system.names().whereis("b"), Some(puppet.pid()));
}

#[tokio::test]
async fn a_name_has_one_holder() {
    let system = system();
    let (one, two) = (system.spawn(Puppet::default()), system.spawn(Puppet::default()));
    system.names().register("a", &one).unwrap();
    let taken = NameError::Taken { name: "a".into(), holder: one.pid() };
    assert_eq!(system.names().register("a", &two), Err(taken.clone()));
    assert_eq!(system.names().register("a", &one), Err(taken));
}

#[tokio::test]
async fn bad_names_and_wrong_types_are_errors() {
    let system = system();
    let puppet = system.spawn(Puppet::default());
    let names = system.names();
    for name in [String::new(), "x".repeat(NAME_BYTES_MAX + 1)] {
        assert_eq!(names.register(&name, &puppet), Err(NameError::Length(name.len())));
    }
    names.register(&"x".repeat(NAME_BYTES_MAX), &puppet).unwrap();
    names.register("puppet", &puppet).unwrap();
    assert_eq!(names.resolve::<Puppet>("nobody").unwrap_err(), NameError::Unknown("nobody".into()));
    assert!(matches!(
        names.resolve::<Other>("puppet").unwrap_err(),
        NameError::WrongType { found, wanted, .. } if found.ends_with("Puppet") && wanted.ends_with("Other")
    ));
}

#[tokio::test]
async fn names_are_free_before_a_down_is_handled() {
    let system = system();
    for _ in 0..200 {
        let puppet = system.spawn(Puppet::default());
        system.names().register("a", &puppet).unwrap();
        let end = system.monitor(puppet.pid());
        puppet.exit(shutdown("s"));
        end.await;
        assert_eq!(system.names().whereis("a"), None);
        assert!(system.find(puppet.pid()).is_none());
        assert_eq!(system.names().register("a", &puppet), Err(NameError::Noproc));
    }
}

#[tokio::test]
async fn a_watching_actor_can_take_the_name_over() {
    let system = system();
    let (downs, mut down) = mpsc::channel(1);
    let heir = system.spawn(Puppet::default().downs_to(downs));
    let holder = system.spawn(Puppet::default());
    system.names().register("a", &holder).unwrap();
    let target = holder.pid();
    heir.ask(|reply| act(move |_, cx| reply.send(cx.monitor(target)))).await.unwrap();
    holder.exit(failed("f"));
    down.recv().await.unwrap();
    system.names().register("a", &heir).unwrap();
}

/// A name given and taken at the same time, then released by the end of its holder: no order of
/// the two leaves it behind.
#[test]
fn no_name_outlives_its_holder() {
    const ROUNDS: usize = 4_000;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let system = system();
        for _ in 0..ROUNDS {
            let puppet = system.spawn(Puppet::default());
            let end = system.monitor(puppet.pid());
            system.names().register("a", &puppet).unwrap();
            let start = std::sync::Barrier::new(2);
            std::thread::scope(|threads| {
                threads.spawn(|| {
                    start.wait();
                    while system.names().register("a", &puppet).is_err() {}
                });
                start.wait();
                assert!(system.names().unregister("a"));
            });
            puppet.exit(shutdown("s"));
            end.await;
            assert_eq!(system.names().whereis("a"), None);
        }
    });
}
