//! How often, and how many at once.
//!
//! [`Admission`] decides about connections before anything is known of them but their
//! [`Source`]; a [`Quota`] counts what a known peer asks for. Both are data: the driver gives
//! each call the time and carries out the answer.

mod connections;
mod limits;
mod quota;
mod rate;
mod recent;
mod source;

pub use connections::{Admission, Outcome, PendingId, Place, Refusal};
pub use limits::{AdmissionLimits, AdmissionLimitsError};
pub use quota::{Quota, Work};
pub use rate::{DEBT_MAX, Rate, TokenBucket};
pub use recent::Recent;
pub use source::Source;
