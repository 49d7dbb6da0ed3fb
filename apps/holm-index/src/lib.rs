//! Code-symbol extraction, segments and search; no network, no async.
