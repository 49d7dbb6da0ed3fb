//! A node that a test started: it lives for as long as its standard input is open.
#![forbid(unsafe_code)]

fn main() {
    #[cfg(target_os = "linux")]
    holm_cluster::program::run();
}
