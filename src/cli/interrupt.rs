//! Ctrl-C and SIGTERM, for the commands that take long. Once: what is under way ends, and the command says how
//! far it got. Twice: at once, which their crash safety makes as safe.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::signal::{
    ctrl_c,
    unix::{SignalKind, signal},
};

/// The exit code of a program that Ctrl-C or SIGTERM ended.
pub const INTERRUPTED: u8 = 130;

/// A flag that the first Ctrl-C or SIGTERM raises. To be called within the runtime.
pub fn flag() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let raised = stop.clone();
    tokio::spawn(async move {
        asked().await;
        raised.store(true, Ordering::SeqCst);
        eprintln!("probant: finishing what is under way; Ctrl-C again stops at once");
        asked().await;
        std::process::exit(i32::from(INTERRUPTED));
    });
    stop
}

/// Waits to be asked to end. An error only means that nobody can ask in this way.
async fn asked() {
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut asked) => drop(asked.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    let interrupted = async {
        if ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = terminated => {}
        () = interrupted => {}
    }
}
