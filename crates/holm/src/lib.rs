//! Holm, a distributed runtime: the facade that applications depend on.
