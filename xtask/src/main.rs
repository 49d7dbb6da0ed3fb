//! The project's chores: `cargo xtask test`, `cargo xtask sim`, `cargo xtask verify`,
//! `cargo xtask fix`.
#![forbid(unsafe_code)]

mod budgets;
mod command;
mod fix;
mod graph;
mod packages;
mod run;
mod sim;
mod test;
mod verify;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <command>
  verify                    every check that reads and changes nothing
  test [--long] [-p CRATE]  all tests; --long runs each at full size
  sim [--seeds N] [--from S] [--scenario NAME]
                            N seeds over each scenario of the simulators, from S on
  fix                       apply what clippy and rustfmt can apply";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let result = match args.as_slice() {
        ["verify"] => verify::verify(),
        ["test", options @ ..] => match test::Options::parse(options) {
            Some(options) => test::test(&options),
            None => return usage(),
        },
        ["sim", options @ ..] => match sim::Options::parse(options) {
            Some(options) => sim::sim(&options),
            None => return usage(),
        },
        ["fix"] => fix::fix(),
        _ => return usage(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprintln!("{USAGE}");
    ExitCode::from(2)
}
