//! Queries from standard input.

use std::io::{self, BufRead, IsTerminal, Write};

use holm_index_router::{COMPLETE_WAIT, INTERACTIVE_WAIT, Index};
use tokio::sync::mpsc;

use super::human;

/// Answers each line of standard input, until its end.
pub(super) async fn run(index: &Index, limit: u32, out: &mut impl Write) -> io::Result<()> {
    let interactive = io::stdin().is_terminal();
    let wait = if interactive { INTERACTIVE_WAIT } else { COMPLETE_WAIT };
    let mut lines = lines();
    loop {
        if interactive {
            write!(out, "> ")?;
            out.flush()?;
        }
        let Some(line) = lines.recv().await else {
            break;
        };
        let line = line?;
        let query = String::from_utf8_lossy(&line);
        if !query.trim().is_empty() {
            human::write_answer(out, &index.search(query.trim(), limit, wait).await)?;
        }
    }
    if interactive {
        writeln!(out)?;
    }
    Ok(())
}

/// The lines of standard input, read by a thread that nobody waits for: reading cannot be interrupted.
fn lines() -> mpsc::Receiver<io::Result<Vec<u8>>> {
    let (sender, lines) = mpsc::channel(1);
    std::thread::spawn(move || {
        for line in io::stdin().lock().split(b'\n') {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    lines
}
