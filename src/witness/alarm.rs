//! What was found wrong with a ledger, until it was seen to be whole again. A ledger that lied does not
//! get away by answering nothing.

use super::view::Standing;

/// A fault, or less than before; none where neither was found since all was whole.
#[derive(Default)]
pub struct Alarm(Option<Standing>);

impl Alarm {
    /// How it stands after a look that ended so.
    pub fn after(&mut self, standing: Standing) -> Standing {
        match standing {
            Standing::Follows | Standing::Stopped(_) => self.0 = None,
            Standing::Fault(_) => self.0 = Some(standing.clone()),
            Standing::Behind(_) if !self.forbids() => self.0 = Some(standing.clone()),
            // Worse, for as long as it lasts.
            Standing::Damaged(_) => return standing,
            Standing::Behind(_) | Standing::Begins | Standing::Unreached(_) => {}
        }
        self.0.clone().unwrap_or(standing)
    }

    fn forbids(&self) -> bool {
        self.0.as_ref().is_some_and(Standing::forbids)
    }
}
