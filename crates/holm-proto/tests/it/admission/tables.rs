//! The bounded table, and what counts as one source.

use std::net::IpAddr;

use holm_proto::admission::{Recent, Source};
use proptest::{collection::vec, prop_assert_eq, proptest};

proptest! {
    #[test]
    fn the_longest_unused_is_forgotten(max in 1_usize..6, keys in vec(0_u8..10, 0..100)) {
        let mut table = Recent::<u8, u32>::new(max);
        // Keys with their values, the one used last at the end.
        let mut model: Vec<(u8, u32)> = Vec::new();
        for key in keys {
            let value = model.iter().position(|(k, _)| *k == key).map_or(0, |at| model.remove(at).1);
            if model.len() == max {
                model.remove(0);
            }
            model.push((key, value + 1));
            let entry = table.entry(&key);
            *entry += 1;
            prop_assert_eq!(*entry, value + 1);
            prop_assert_eq!(table.len(), model.len());
        }
    }
}

#[test]
fn a_network_of_64_bits_is_one_source() {
    let source = |text: &str| Source::from(text.parse::<IpAddr>().unwrap());
    assert_eq!(source("2001:db8:1:2::1"), source("2001:db8:1:2:ffff::9"));
    assert_ne!(source("2001:db8:1:2::1"), source("2001:db8:1:3::1"));
    assert_ne!(source("127.0.0.1"), source("127.0.0.2"));
    assert_eq!(source("::ffff:10.0.0.1"), source("10.0.0.1"));
}
