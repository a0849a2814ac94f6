//! Look-ups follow the head by moments: how long a question waits for them, and what becomes of
//! answers that contradict the blocks. Asked by the ledger, the proofs and the web service.

use std::time::Duration;

use probant_core::Rejected;

use crate::{Error, clock::Clock, store::Store};

/// How long a question waits before the asker is told to come back: enough for the checkpoint that
/// comes next, too.
const WAIT_MAX: Duration = Duration::from_secs(5);
/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// Asks again while the answer is [`Error::Busy`]; that is the answer once it has lasted too long.
pub async fn caught_up<T, A>(clock: &dyn Clock, mut ask: impl FnMut() -> A) -> Result<T, Error>
where
    A: Future<Output = Result<T, Error>>,
{
    let deadline = clock.elapsed() + WAIT_MAX;
    loop {
        match ask().await {
            Err(Error::Busy { .. }) if clock.elapsed() < deadline => {
                tokio::time::sleep(PAUSE).await;
            }
            answer => return answer,
        }
    }
}

/// A check of what was put together from look-ups. Where they are damaged they are rebuilt, for
/// nothing derived is ever believed; but a stranger may have had sealed what makes a proof too long,
/// and no rebuild shortens that.
///
/// # Errors
/// [`Error::Busy`] while look-ups are rebuilt; [`Error::Stop`] for what they cannot cause, which
/// whoever answers logs.
pub fn trusted<T>(store: &dyn Store, checked: Result<T, Rejected>) -> Result<T, Error> {
    checked.map_err(|rejected| {
        if let Rejected::TooLarge { .. } | Rejected::Malformed { .. } = rejected {
            return Error::Stop(format!("what the ledger made itself is refused: {rejected}"));
        }
        tracing::error!(%rejected, "look-ups contradict the blocks: rebuilding them");
        store.distrust_derived();
        rebuilding()
    })
}

/// What says that look-ups have not reached something yet.
pub fn behind() -> Error {
    Error::busy("look-ups lag: try again shortly")
}

/// What says that look-ups are not to be had until they are rebuilt.
pub fn rebuilding() -> Error {
    Error::busy("look-ups are being rebuilt: try again shortly")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::Memory;

    #[test]
    fn only_what_damage_can_cause_is_mended_by_a_rebuild() {
        let answer = |rejected| trusted::<()>(&Memory::default(), Err(rejected)).unwrap_err();
        let what = "proof";
        let too_large = Rejected::TooLarge { what, limit: 1, value: 2 };
        let malformed = Rejected::Malformed { what, why: "1,024 entries at most".into() };
        for strangers in [too_large, malformed] {
            assert!(matches!(answer(strangers), Error::Stop(why) if why.contains("refused")));
        }
        let why = "a bit".to_owned();
        for damage in [Rejected::Unreadable(why.clone()), Rejected::Proof { what, why }] {
            assert!(matches!(answer(damage), Error::Busy { .. }));
        }
    }
}
