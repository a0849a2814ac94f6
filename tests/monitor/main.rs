//! What an issuer sees of a ledger, and others of an issuer: the domain that confirms its keys, and
//! the monitor. The real binary, beside an HTTPS server made here.

mod check;
mod follow;
#[path = "../harness/mod.rs"]
mod harness;
mod hook;
mod look_alikes;
mod resumed;
#[path = "../sample_world/mod.rs"]
mod sample_world;
mod shown;
mod webhook;
mod well_known;

use std::process::{Command, Output};

/// A command of the binary, with nothing of the environment.
fn probant(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_probant"));
    command.args(args).env_clear();
    command
}

/// Its exit code, and all that it says.
fn run(command: &mut Command) -> (i32, String) {
    let Output { status, stdout, stderr } =
        tokio::task::block_in_place(|| command.output()).unwrap();
    let said = [stdout, stderr].concat();
    (status.code().unwrap_or(-1), String::from_utf8_lossy(&said).into_owned())
}
