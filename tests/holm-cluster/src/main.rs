//! A node that a test started: it lives for as long as its standard input is open.
#![forbid(unsafe_code)]

fn main() {
    holm_cluster::program::run();
}
