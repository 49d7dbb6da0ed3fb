//! The progress bar.

use std::convert::Infallible;
use std::time::Duration;

use holm_index_router::Index;
use indicatif::{HumanCount, ProgressBar, ProgressStyle};

/// How often the bar is redrawn: often enough to look alive.
const REDRAW_INTERVAL: Duration = Duration::from_millis(100);

/// Draws on standard error how far indexing has come, until dropped; nothing if that is no terminal.
pub(super) async fn show(index: &Index) -> Infallible {
    // Draws to a terminal only.
    let bar = Bar(ProgressBar::new(index.progress().bytes_listed));
    if let Ok(style) = ProgressStyle::with_template("indexing [{bar:40}] {percent:>3}%, {msg}") {
        bar.0.set_style(style.progress_chars("=> "));
    }
    let mut redraw = tokio::time::interval(REDRAW_INTERVAL);
    loop {
        redraw.tick().await;
        let now = index.progress();
        bar.0.set_message(format!(
            "{} of {} files",
            HumanCount(now.files),
            HumanCount(now.files_listed)
        ));
        bar.0.set_position(now.bytes);
    }
}

/// Wiped off when dropped.
struct Bar(ProgressBar);

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
