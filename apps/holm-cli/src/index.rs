//! `holm index`: indexes Java sources over worker processes, and answers queries.

mod args;
mod human;
mod json;
mod progress;
mod prompt;
mod signals;

use std::io;

use holm_index_router::{Answer, COMPLETE_WAIT, Index, IndexError};

pub(crate) use args::Args;

use crate::exit::Exit;

/// What stops the command on its way.
enum Stop {
    Index(IndexError),
    Output(io::Error),
}

impl From<IndexError> for Stop {
    fn from(error: IndexError) -> Self {
        Self::Index(error)
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl Stop {
    fn into_exit(self) -> Exit {
        match self {
            Self::Index(IndexError::Open(error)) => Exit::usage(&error.to_string()),
            Self::Index(error) => Exit::failed(&error.to_string()),
            // Whoever read the output wants no more of it.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Ok,
            Self::Output(error) => Exit::failed(&format!("standard input or output: {error}")),
        }
    }
}

pub(crate) async fn run(args: Args) -> Exit {
    let mut signals = match signals::Signals::new() {
        Ok(signals) => signals,
        Err(error) => return Exit::failed(&format!("signals cannot be handled: {error}")),
    };
    let options = match args.options() {
        Ok(options) => options,
        Err(error) => return Exit::failed(&format!("the path of this program: {error}")),
    };
    let index = tokio::select! {
        biased;
        signal = signals.next() => return Exit::Signal(signal),
        index = Index::start(options) => match index {
            Ok(index) => index,
            Err(error) => return Stop::from(error).into_exit(),
        },
    };
    let exit = tokio::select! {
        biased;
        signal = signals.next() => Exit::Signal(signal),
        done = answer(&index, &args) => done.unwrap_or_else(Stop::into_exit),
    };
    index.shutdown().await;
    exit
}

/// Indexes, says what there is, and answers.
async fn answer(index: &Index, args: &Args) -> Result<Exit, Stop> {
    let summary = tokio::select! {
        summary = index.summary() => summary?,
        never = progress::show(index) => match never {},
    };
    let once = match &args.query {
        Some(query) => Some(index.search(query, args.limit, COMPLETE_WAIT).await),
        None => None,
    };
    let mut out = io::stdout();
    if args.json {
        json::write(&mut out, &summary, &once.clone().unwrap_or_default())?;
    } else {
        human::write_summary(&mut out, &summary, args.verbose)?;
    }
    match &once {
        Some(answer) if args.json => Ok(exit(answer)),
        Some(answer) => {
            human::write_answer(&mut out, answer)?;
            Ok(exit(answer))
        }
        None if args.json => Ok(Exit::Ok),
        None => {
            prompt::run(index, args.limit, &mut out).await?;
            Ok(Exit::Ok)
        }
    }
}

fn exit(answer: &Answer) -> Exit {
    if answer.missing_shards.is_empty() { Exit::Ok } else { Exit::Incomplete }
}
