//! The lists of known items: one text file for each kind, made from the runtimes at hand.
//!
//! A line is `Pallet.Name | shape | versions`; the versions are those of the runtimes that had the item in
//! this shape. The shape is `?` if only the name is known, or nothing depends on the shape: then any shape is
//! accepted. `cargo run -p vesting-chain --example surface` brings the lists up to date.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use crate::surface::kind::ItemKind;

/// The shape that stands for any.
const ANY: &str = "?";

/// The lists, by kind and name.
pub(crate) struct Known(BTreeMap<(ItemKind, &'static str), BTreeSet<&'static str>>);

/// How much of an item is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Knowledge {
    /// Neither its name nor its shape.
    Nothing,
    /// Its name alone.
    Name,
    /// Both.
    Whole,
}

static KNOWN: LazyLock<Known> = LazyLock::new(|| Known::read(ItemKind::text));

impl ItemKind {
    /// The text of the list.
    const fn text(self) -> &'static str {
        match self {
            Self::Pallet => include_str!("pallets.txt"),
            Self::Storage => include_str!("storage.txt"),
            Self::Event => include_str!("events.txt"),
            Self::Call => include_str!("calls.txt"),
        }
    }
}

/// The name and shape of a line; `None` for a comment.
fn parts(line: &'static str) -> Option<(&'static str, &'static str)> {
    let mut parts = line.split('|').map(str::trim);
    let (name, shape) = (parts.next()?, parts.next()?);
    (!name.is_empty() && !name.starts_with('#')).then_some((name, shape))
}

impl Known {
    fn read(text: impl Fn(ItemKind) -> &'static str) -> Self {
        let mut items: BTreeMap<(ItemKind, &'static str), BTreeSet<&'static str>> = BTreeMap::new();
        for kind in ItemKind::ALL {
            for (name, shape) in text(kind).lines().filter_map(parts) {
                items.entry((kind, name)).or_default().insert(shape);
            }
        }
        Self(items)
    }

    /// How much is known of an item.
    fn of(&self, kind: ItemKind, name: &str, shape: &str) -> Knowledge {
        match self.0.get(&(kind, name)) {
            None => Knowledge::Nothing,
            Some(shapes) if shapes.contains(shape) || shapes.contains(ANY) => Knowledge::Whole,
            Some(_) => Knowledge::Name,
        }
    }
}

/// How much is known of an item, by its full name.
pub(crate) fn of(kind: ItemKind, name: &str, shape: &str) -> Knowledge {
    KNOWN.of(kind, name, shape)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_in_order_without_repetition_and_every_line_is_read() {
        for kind in ItemKind::ALL {
            let lines: Vec<&str> =
                kind.text().lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
            let read: Vec<(&str, &str)> = lines.iter().filter_map(|line| parts(line)).collect();
            assert_eq!(read.len(), lines.len(), "{}", kind.name());
            assert!(read.windows(2).all(|pair| pair[0] < pair[1]), "{}", kind.name());
            for line in lines {
                let specs: Vec<u32> = line
                    .split('|')
                    .nth(2)
                    .unwrap()
                    .split_whitespace()
                    .map(|spec| spec.parse().unwrap())
                    .collect();
                assert!(!specs.is_empty() && specs.is_sorted(), "{line}");
            }
        }
    }

    #[test]
    fn a_name_is_not_enough_where_shapes_are_known() {
        let known = Known::read(|kind| match kind {
            ItemKind::Event => "# one\nA.Moved | account, u64 | 1 2\nA.Moved | account | 3\nA.Told | ? | 3\n",
            _ => "",
        });
        let of = |name, shape| known.of(ItemKind::Event, name, shape);
        assert_eq!([of("A.Moved", "account"), of("A.Moved", "account, u64")], [Knowledge::Whole; 2]);
        assert_eq!(
            [of("A.Moved", "u64"), of("A.Told", "u64"), of("A.Gone", "")],
            [Knowledge::Name, Knowledge::Whole, Knowledge::Nothing]
        );
        assert_eq!(known.of(ItemKind::Call, "A.Moved", "account"), Knowledge::Nothing);
    }
}
