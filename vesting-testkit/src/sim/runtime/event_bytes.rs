//! The events of a block as the bytes that a generation writes.

use codec::Encode;

use super::event::{EventRecord, PalletEvent, RuntimeEvent};
use super::generation::Generation;

/// The bytes before an event's fields: the variant and the number of its phase, and the indices of pallet and
/// event.
const FIELDS_AT: usize = 7;

/// The same for initialization and finalization, which have no number.
const FIELDS_AT_WITHOUT_NUMBER: usize = 3;

impl Generation {
    /// The events of a block as this generation writes them.
    pub(crate) fn encode(self, events: &[EventRecord]) -> Vec<u8> {
        let events: Vec<&EventRecord> = events.iter().filter(|record| self.has(record)).collect();
        let mut bytes = codec::Compact(u32::try_from(events.len()).unwrap_or(u32::MAX)).encode();
        for record in events {
            let mut own = record.encode();
            if let RuntimeEvent::SubtensorModule(event) = &record.event {
                self.reshape(event, &mut own);
            }
            bytes.extend(own);
        }
        bytes
    }

    /// Whether this generation has an event.
    pub(crate) fn emits(self, event: &PalletEvent) -> bool {
        self.knows(event.name())
    }

    /// Whether this generation has the event of a record.
    pub(crate) fn has(self, record: &EventRecord) -> bool {
        match &record.event {
            RuntimeEvent::SubtensorModule(event) => self.emits(event),
            RuntimeEvent::System(_) | RuntimeEvent::LimitOrders(_) => true,
        }
    }

    fn reshape(self, event: &PalletEvent, bytes: &mut Vec<u8>) {
        let fields = if bytes.first() == Some(&0) { FIELDS_AT } else { FIELDS_AT_WITHOUT_NUMBER };
        bytes[fields - 1] = self.index(bytes[fields - 1]);
        if matches!(event, PalletEvent::RootClaimed { .. }) && self.claims_alpha() {
            // This generation leaves out the TAO.
            let tao = fields + 32;
            bytes.drain(tao..tao + 8);
        }
        if !matches!(event, PalletEvent::StakeAdded(..) | PalletEvent::StakeRemoved(..)) {
            return;
        }
        // The fields are two accounts and TAO, then alpha, netuid and fee. There are no topics.
        let (alpha, netuid, fee) = (fields + 72, fields + 80, fields + 82);
        match self {
            Self::Oldest => {
                bytes.drain(fee..fee + 8);
                bytes.drain(alpha..netuid);
            }
            Self::Later => {
                let end = fee + 8;
                bytes.splice(end..end, 7u64.encode());
            }
            Self::FieldsMoved => bytes[alpha - 8..netuid].rotate_left(8),
            _ => {}
        }
    }
}
