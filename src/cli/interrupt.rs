//! Ctrl-C, for the commands that take long. Once: what is under way ends, and the command says how
//! far it got. Twice: at once, which their crash safety makes as safe.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::signal::ctrl_c;

/// The exit code of a program that Ctrl-C ended.
pub const INTERRUPTED: u8 = 130;

/// A flag that the first Ctrl-C raises. To be called within the runtime.
pub fn flag() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let raised = stop.clone();
    tokio::spawn(async move {
        // An error only means that nobody can interrupt.
        if ctrl_c().await.is_ok() {
            raised.store(true, Ordering::SeqCst);
            eprintln!("probant: finishing what is under way; Ctrl-C again stops at once");
            if ctrl_c().await.is_ok() {
                std::process::exit(i32::from(INTERRUPTED));
            }
        }
    });
    stop
}
