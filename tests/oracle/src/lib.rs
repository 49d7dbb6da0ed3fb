//! Comparisons with foreign programs; never published.
