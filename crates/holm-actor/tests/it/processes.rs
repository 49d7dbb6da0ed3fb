//! The process form: functions that receive.

mod ends;
mod idleness;
mod receives;
mod timeouts;
