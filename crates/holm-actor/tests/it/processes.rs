//! The process form: functions that receive.

mod ends;
mod receives;
mod timeouts;
