//! Token buckets.

use std::time::Duration;

use holm_proto::{
    admission::{AdmissionLimits, DEBT_MAX, Quota, Rate, TokenBucket, Work},
    supervision::Moment,
};
use proptest::{collection::vec, prop_assert, prop_assert_eq, proptest};

use super::at_ms;

const NS: u128 = 1_000_000_000;

proptest! {
    /// Against a bucket that counts what drips in, in billionths.
    #[test]
    fn a_bucket_holds_its_rate(
        per_second in 1_u64..2_000_000,
        burst in 1_u64..500,
        steps in vec((0_u64..20_000_000, 1_u64..100, proptest::bool::weighted(0.3)), 1..200),
    ) {
        let rate = Rate::per_second(per_second).burst(burst);
        let mut bucket = TokenBucket::default();
        let full = i128::from(burst) * NS as i128;
        let (mut now, mut left) = (0, full);
        for (pause, count, charge) in steps {
            now += pause;
            left = full.min(left + i128::from(pause) * i128::from(per_second));
            let moment = Moment::after_start(Duration::from_nanos(now));
            let cost = i128::from(count) * NS as i128;
            if charge {
                let wait = bucket.charge(&rate, count, moment);
                // No more than a second's worth is owed.
                left = (left - cost).max(-i128::from(per_second) * NS as i128);
                let owed = u128::try_from(-left).unwrap_or(0).div_ceil(u128::from(per_second));
                prop_assert_eq!(wait.as_nanos(), owed);
                continue;
            }
            match bucket.take(&rate, count, moment) {
                Ok(()) => {
                    left -= cost;
                    prop_assert!(left >= 0);
                }
                Err(wait) => {
                    prop_assert!(left < cost);
                    // Exactly then, if there can ever be as many.
                    if count <= burst {
                        let mut later = bucket;
                        let early = wait - Duration::from_nanos(1);
                        prop_assert!(later.take(&rate, count, moment + early).is_err());
                        prop_assert_eq!(later.take(&rate, count, moment + wait), Ok(()));
                    }
                }
            }
        }
    }
}

#[test]
fn a_quota_counts_each_work_by_itself() {
    let limits = AdmissionLimits {
        requests: Rate::per_second(3),
        spawns: Rate::per_second(2),
        opens: Rate::per_second(5),
        cancels: Rate::per_second(1),
        bytes: Rate::per_second(4),
        ..AdmissionLimits::default()
    };
    let mut quota = Quota::default();
    for (work, many) in
        [(Work::Request, 3), (Work::Spawn, 2), (Work::Open, 5), (Work::Cancel, 1), (Work::Byte, 4)]
    {
        for n in 0..many * 2 {
            let taken = quota.take(&limits, work, 1, at_ms(0));
            assert_eq!(taken.is_ok(), n < many, "{work:?} {n}");
        }
        assert_eq!(quota.take(&limits, work, many, at_ms(1000)), Ok(()));
    }
}

#[test]
fn numbers_at_the_edge_do_no_harm() {
    let mut bucket = TokenBucket::default();
    let slow = Rate { per_second: 0, burst: u64::MAX };
    assert_eq!(bucket.charge(&slow, u64::MAX, at_ms(0)), Duration::ZERO);
    assert_eq!(bucket.charge(&slow, u64::MAX, at_ms(0)), DEBT_MAX);
    let wait = bucket.take(&slow, u64::MAX, at_ms(0)).unwrap_err();
    assert!(wait > Duration::from_secs(1));
    assert!(AdmissionLimits::default().validate().is_ok());
    let limits = AdmissionLimits { spawns: slow, ..AdmissionLimits::default() };
    assert_eq!(limits.validate().unwrap_err().field, "spawns");
}
