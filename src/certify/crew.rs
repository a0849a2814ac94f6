//! The threads of a run, each with a verifier of its own that remembers what proofs share: checking
//! the ledger's keys and seals anew for every proof would cost several times the proof.

use std::sync::{Mutex, PoisonError};

use probant_core::{Fingerprint, Rejected, Verified, Verifier};

use crate::Error;

/// Threads and their verifiers.
pub struct Crew {
    pool: rayon::ThreadPool,
    /// One for each thread, which alone locks it, while it verifies one proof; the last is for
    /// threads from outside.
    verifiers: Vec<Mutex<Verifier>>,
}

impl Crew {
    /// More threads than cores: small files wait for the disk, and so do the syncs of proofs.
    pub fn new(verifier: &Verifier) -> Result<Self, Error> {
        let cores = std::thread::available_parallelism().map_or(4, std::num::NonZero::get);
        let count = (cores * 2).clamp(8, 64);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(count)
            .build()
            .map_err(|error| Error::Stop(format!("no threads to hash with: {error}")))?;
        let verifiers = (0..=count).map(|_| Mutex::new(verifier.clone())).collect();
        Ok(Self { pool, verifiers })
    }

    /// Runs parallel work on the crew's threads.
    pub fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        self.pool.install(work)
    }

    /// The one verification, from any thread.
    pub fn verify(&self, document: Fingerprint, proof: &[u8]) -> Result<Verified, Rejected> {
        let last = self.verifiers.len() - 1;
        let mine = &self.verifiers[self.pool.current_thread_index().unwrap_or(last)];
        // A panic while verifying leaves a verifier that remembers less, and nothing wrong.
        mine.lock().unwrap_or_else(PoisonError::into_inner).verify(&[document], proof)
    }
}
