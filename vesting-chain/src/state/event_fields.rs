//! The fields of one event: by name if they have names, by place in a tuple.

use subxt::Metadata;
use subxt::ext::scale_decode::DecodeAsType;
use subxt::ext::scale_decode::visitor::{IgnoreVisitor, decode_with_visitor};
use subxt::ext::scale_value::{Value, ValueDef};
use vesting_core::ports::ChainError;
use vesting_core::{Coldkey, Hotkey, NetUid, Rao};

/// A field: its name, its type, its bytes.
type Field<'a> = (Option<&'a str>, u32, &'a [u8]);

/// The fields of an event. Each is decoded only when it is asked for.
pub(crate) struct EventFields<'a> {
    metadata: &'a Metadata,
    event: String,
    fields: Vec<Field<'a>>,
}

impl<'a> EventFields<'a> {
    /// Splits the bytes of an event into its fields, by their types.
    pub(crate) fn split(
        metadata: &'a Metadata,
        pallet_index: u8,
        event_index: u8,
        mut bytes: &'a [u8],
    ) -> Result<Self, ChainError> {
        let malformed = |why: String| {
            ChainError::Malformed(format!("event {pallet_index}.{event_index} cannot be decoded: {why}"))
        };
        let pallet = metadata
            .pallet_by_event_index(pallet_index)
            .ok_or_else(|| malformed("its pallet is unknown".into()))?;
        let variant =
            pallet.event_variant_by_index(event_index).ok_or_else(|| malformed("it is unknown".into()))?;
        let mut fields = Vec::with_capacity(variant.fields.len());
        for field in &variant.fields {
            let before = bytes;
            decode_with_visitor(&mut bytes, field.ty.id, metadata.types(), IgnoreVisitor::new())
                .map_err(|e| malformed(e.to_string()))?;
            fields.push((field.name.as_deref(), field.ty.id, &before[..before.len() - bytes.len()]));
        }
        Ok(Self { metadata, event: format!("{}.{}", pallet.name(), variant.name), fields })
    }

    /// How many fields there are.
    pub(crate) fn len(&self) -> usize {
        self.fields.len()
    }

    /// The field `name`; in a tuple event the field at `place`.
    fn find(&self, name: &str, place: usize) -> Option<&Field<'a>> {
        self.fields
            .iter()
            .find(|(n, ..)| *n == Some(name))
            .or_else(|| self.fields.get(place).filter(|(n, ..)| n.is_none()))
    }

    fn decode<T: DecodeAsType>(&self, name: &str, place: usize) -> Result<T, ChainError> {
        let (_, ty, mut bytes) = *self.find(name, place).ok_or_else(|| {
            ChainError::Unsupported(format!("the event {} has no field `{name}` in this runtime", self.event))
        })?;
        T::decode_as_type(&mut bytes, ty, self.metadata.types()).map_err(|e| {
            ChainError::Malformed(format!(
                "field `{name}` of the event {} cannot be decoded: {e}",
                self.event
            ))
        })
    }

    pub(crate) fn hotkey(&self, name: &str, place: usize) -> Result<Hotkey, ChainError> {
        self.decode(name, place).map(Hotkey)
    }

    pub(crate) fn coldkey(&self, name: &str, place: usize) -> Result<Coldkey, ChainError> {
        self.decode(name, place).map(Coldkey)
    }

    pub(crate) fn number(&self, name: &str, place: usize) -> Result<u16, ChainError> {
        self.decode(name, place)
    }

    pub(crate) fn count(&self, name: &str, place: usize) -> Result<u32, ChainError> {
        self.decode(name, place)
    }

    /// The name of the enum variant in a field.
    pub(crate) fn variant(&self, name: &str, place: usize) -> Result<String, ChainError> {
        match self.decode::<Value>(name, place)?.value {
            ValueDef::Variant(variant) => Ok(variant.name),
            _ => Err(ChainError::Malformed(format!("field `{name}` of the event {} is no enum", self.event))),
        }
    }

    pub(crate) fn netuid(&self, name: &str, place: usize) -> Result<NetUid, ChainError> {
        self.number(name, place).map(NetUid)
    }

    pub(crate) fn rao(&self, name: &str, place: usize) -> Result<Rao, ChainError> {
        self.decode(name, place).map(Rao)
    }

    pub(crate) fn raos(&self, name: &str, place: usize) -> Result<Vec<Rao>, ChainError> {
        self.decode::<Vec<u64>>(name, place).map(|all| all.into_iter().map(Rao).collect())
    }
}
