//! Policy: the limits that the operator sets for everybody (format.md 5.10); genesis holds the first.

use crate::{
    Rejected,
    cbor::{Reader, Writer},
    list::LIST_COUNT_MAX,
};

use super::VERSION;

/// The limits in force.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Policy {
    /// Most documents of one list, 1 to 65,536.
    pub list_count_max: u64,
}

impl Default for Policy {
    fn default() -> Self {
        Self { list_count_max: LIST_COUNT_MAX as u64 }
    }
}

impl Policy {
    pub(super) fn write(&self, writer: Writer) -> Writer {
        writer.map(1).uint(1).uint(self.list_count_max)
    }

    pub(super) fn read(kind: &'static str, reader: &mut Reader<'_>) -> Result<Self, Rejected> {
        reader.map_len(1)?;
        reader.key(1)?;
        let list_count_max = reader.uint()?;
        if !(1..=LIST_COUNT_MAX as u64).contains(&list_count_max) {
            return Err(Rejected::field(kind, "list_count_max", "1 to 65536 are allowed"));
        }
        Ok(Self { list_count_max })
    }
}

/// The payload of a policy statement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PolicyStatement {
    /// 1 + the number of policies before, that of genesis being the first.
    pub seq: u64,
    /// The limits from the next entry on.
    pub policy: Policy,
}

impl PolicyStatement {
    pub(super) const KIND: &str = "policy";

    pub(super) fn encode(&self) -> Vec<u8> {
        let writer = Writer::default().map(3).uint(1).uint(self.seq).uint(2).uint(VERSION).uint(3);
        self.policy.write(writer).finish()
    }

    pub(super) fn decode(payload: &[u8]) -> Result<Self, Rejected> {
        let mut reader = Reader::new(payload, "policy");
        reader.map_len(3)?;
        reader.key(1)?;
        let seq = reader.uint()?;
        reader.key(2)?;
        match reader.uint()? {
            VERSION => {}
            other => return Err(Rejected::Version(other)),
        }
        reader.key(3)?;
        let policy = Policy::read("policy", &mut reader)?;
        reader.finish()?;
        Ok(Self { seq, policy })
    }
}
