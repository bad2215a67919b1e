//! Ctrl-C while money is on its way: the first asks to stop at the next safe place, the second ends
//! the program at once.

use anyhow::{Context as _, Result};
use std::process;
use tokio::sync::watch;

/// What a shell reports for a program that Ctrl-C ended (128 + SIGINT).
pub(crate) const INTERRUPTED: u8 = 130;

/// The user stopped a command at a safe place.
#[derive(Debug, thiserror::Error)]
#[error("stopped: {0}; run the same command again to go on from here")]
pub(crate) struct Stopped(pub(crate) String);

/// Whether the user has asked to stop.
#[derive(Clone)]
pub(crate) struct Interrupt(watch::Receiver<bool>);

impl Interrupt {
    /// Listens from now on. Needs a tokio runtime.
    ///
    /// # Errors
    /// The system lets no handler be installed.
    pub(crate) fn listen() -> Result<Self> {
        let (asked, asked_receiver) = watch::channel(false);
        let mut signals = Signals::new().context("can't listen for Ctrl-C")?;
        tokio::spawn(async move {
            signals.next().await;
            eprintln!("\nstopping at the next safe place; Ctrl-C again ends at once");
            // Nobody listens any more only when the command is over.
            let _ = asked.send(true);
            signals.next().await;
            process::exit(INTERRUPTED.into());
        });
        Ok(Self(asked_receiver))
    }

    /// Whether to stop.
    pub(crate) fn asked(&self) -> bool {
        *self.0.borrow()
    }
}

/// SIGINT and SIGTERM.
#[cfg(unix)]
struct Signals(tokio::signal::unix::Signal, tokio::signal::unix::Signal);

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self(
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
        ))
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.0.recv() => {}
            _ = self.1.recv() => {}
        }
    }
}

/// Ctrl-C.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
