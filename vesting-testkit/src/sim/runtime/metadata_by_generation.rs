//! What a generation changes in the metadata.

use frame_metadata::v15::RuntimeMetadataV15;
use scale_info::form::PortableForm;
use scale_info::{Field, TypeDef};

use super::generation::Generation;

impl Generation {
    /// Turns the metadata of [`Self::Present`] into that of this generation.
    pub(crate) fn reshape_metadata(self, metadata: &mut RuntimeMetadataV15) {
        for pallet in &mut metadata.pallets {
            let Some(storage) = &mut pallet.storage else { continue };
            storage.entries.retain(|entry| self.stores(&entry.name));
            for entry in &mut storage.entries {
                for known in ["AlphaV2", "TotalHotkeySharesV2", "LastMechansimStepBlock"] {
                    if entry.name == known {
                        entry.name = self.item(known).to_owned();
                    }
                }
            }
        }
        for api in &mut metadata.apis {
            api.methods
                .retain(|method| self.tells_locks() || method.name != "get_stake_availability_for_coldkeys");
        }
        for ty in &mut metadata.types.types {
            let (true, TypeDef::Variant(events)) =
                (ty.ty.path.segments.last().is_some_and(|name| name == "PalletEvent"), &mut ty.ty.type_def)
            else {
                continue;
            };
            events.variants.retain(|variant| self.knows(&variant.name));
            for variant in &mut events.variants {
                variant.index = self.index(variant.index);
                if variant.name == "RootClaimed" && self.claims_alpha() {
                    variant.fields.truncate(1);
                }
                if ["StakeAdded", "StakeRemoved"].contains(&variant.name.as_str()) {
                    self.reshape_fields(&mut variant.fields);
                }
            }
        }
    }

    fn reshape_fields(self, fields: &mut Vec<Field<PortableForm>>) {
        match self {
            Self::Oldest => {
                fields.remove(5);
                fields.remove(3);
            }
            Self::Later => fields.extend(fields.last().cloned()),
            Self::FieldsMoved => fields.swap(2, 3),
            _ => {}
        }
    }
}
