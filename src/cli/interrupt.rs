//! Ctrl-C and SIGTERM, for the commands that take long. Once: what is under way ends, and the command
//! says how far it got. Twice: at once, which their crash safety makes as safe.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::plain;
use crate::Error;

/// The exit code of a program that Ctrl-C or SIGTERM ended.
pub const INTERRUPTED: u8 = 130;

/// A flag that the first Ctrl-C or SIGTERM raises. To be called within the runtime.
pub fn flag() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let raised = stop.clone();
    // Heard from here on, not only once the task below has begun. An error means that nobody can
    // ask in this way.
    let mut interrupt = signal(SignalKind::interrupt()).ok();
    let mut terminate = signal(SignalKind::terminate()).ok();
    tokio::spawn(async move {
        asked(&mut interrupt, &mut terminate).await;
        raised.store(true, Ordering::SeqCst);
        eprintln!("probant: finishing what is under way; Ctrl-C again stops at once");
        asked(&mut interrupt, &mut terminate).await;
        std::process::exit(i32::from(INTERRUPTED));
    });
    stop
}

/// The exit code of what may have ended early because the flag was raised, which says so.
///
/// # Errors
/// Those of `ended`, but for one that comes of the flag.
pub fn code(ended: Result<u8, Error>, stop: &AtomicBool) -> Result<u8, Error> {
    match ended {
        Err(Error::Busy { what, .. }) if stop.load(Ordering::SeqCst) => {
            eprintln!("probant: {}", plain(&what));
            Ok(INTERRUPTED)
        }
        ended => ended,
    }
}

async fn asked(interrupt: &mut Option<Signal>, terminate: &mut Option<Signal>) {
    tokio::select! {
        () = heard(interrupt) => {}
        () = heard(terminate) => {}
    }
}

async fn heard(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}
