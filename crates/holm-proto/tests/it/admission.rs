//! Admission: rates, tables and places, against models and invariants.

mod connections;
mod rates;
mod tables;

use std::time::Duration;

use holm_proto::supervision::Moment;

pub(crate) fn ms(time: u64) -> Duration {
    Duration::from_millis(time)
}

pub(crate) fn at_ms(time: u64) -> Moment {
    Moment::after_start(ms(time))
}
