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

/// Names given, taken and released by an end at the same time: none is left behind.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_name_outlives_its_holder() {
    let system = system();
    for _ in 0..500 {
        let puppet = system.spawn(Puppet::default());
        let end = system.monitor(puppet.pid());
        let tasks: Vec<_> = (0..3)
            .map(|_| {
                let (system, puppet) = (system.clone(), puppet.clone());
                tokio::spawn(async move {
                    for _ in 0..20 {
                        let _ = system.names().register("a", &puppet);
                        system.names().unregister("a");
                        let _ = system.names().register("a", &puppet);
                    }
                })
            })
            .collect();
        puppet.exit(shutdown("s"));
        end.await;
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(system.names().whereis("a"), None);
    }
}
