//! The log: on standard error, so that standard output is the answer alone.

use std::env;
use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;

/// Starts logging what `HOLM_LOG` or else `RUST_LOG` asks for; `usual`, if neither does.
pub(crate) fn init(usual: &str) {
    let wanted =
        ["HOLM_LOG", "RUST_LOG"].into_iter().find_map(|name| Some((name, env::var(name).ok()?)));
    let filter = match &wanted {
        None => EnvFilter::new(usual),
        Some((name, text)) => EnvFilter::try_new(text).unwrap_or_else(|error| {
            eprintln!("warning: {name}: {error}");
            EnvFilter::new(usual)
        }),
    };
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        // That it cannot be written, as nobody reads it any more, would be said there, and panic.
        .log_internal_errors(false)
        .with_ansi(
            io::stderr().is_terminal()
                && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        )
        .init();
}
