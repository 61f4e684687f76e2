//! The shape of a type: what it is made of, whatever its name. Types are renamed more often than they change.

use std::fmt::Write as _;

use scale_info::{PortableRegistry, TypeDef, form::PortableForm};

/// Types are looked into so many levels deep.
const DEEPEST: usize = 6;
/// A shape ends after so many characters.
const LONGEST: usize = 240;
/// What stands for the rest.
const MORE: &str = "…";

/// The shape of a type.
pub(crate) fn of_type(types: &PortableRegistry, id: u32) -> String {
    let mut shape = String::new();
    write(types, id, 0, &mut shape);
    shape
}

/// The shape of the fields of a variant or struct.
pub(crate) fn of_fields(types: &PortableRegistry, fields: &[scale_info::Field<PortableForm>]) -> String {
    let mut shape = String::new();
    write_fields(types, fields, 0, &mut shape);
    shape
}

fn write_fields(
    types: &PortableRegistry,
    fields: &[scale_info::Field<PortableForm>],
    depth: usize,
    shape: &mut String,
) {
    for (place, field) in fields.iter().enumerate() {
        if place > 0 {
            shape.push_str(", ");
        }
        if let Some(name) = &field.name {
            // Writing to a string cannot fail.
            let _ = write!(shape, "{name}: ");
        }
        write(types, field.ty.id, depth, shape);
    }
}

fn write(types: &PortableRegistry, id: u32, depth: usize, shape: &mut String) {
    let Some(ty) = types.resolve(id).filter(|_| depth < DEEPEST && shape.len() < LONGEST) else {
        shape.push_str(MORE);
        return;
    };
    let name = ty.path.segments.last().map_or("", String::as_str);
    let mut around = |before: &str, inner: u32, after: &str| {
        shape.push_str(before);
        write(types, inner, depth + 1, shape);
        shape.push_str(after);
    };
    match &ty.type_def {
        TypeDef::Composite(_) if name == "AccountId32" => shape.push_str("account"),
        TypeDef::Composite(composite) => match composite.fields.as_slice() {
            // A wrapper around another type.
            [only] => write(types, only.ty.id, depth + 1, shape),
            fields => {
                shape.push('{');
                write_fields(types, fields, depth + 1, shape);
                shape.push('}');
            }
        },
        TypeDef::Variant(variant) => match variant.variants.iter().find_map(|some| some.fields.first()) {
            Some(some) if name == "Option" => around("", some.ty.id, "?"),
            _ => {
                let _ = write!(shape, "enum {name}");
            }
        },
        TypeDef::Sequence(sequence) => around("[", sequence.type_param.id, "]"),
        TypeDef::Array(array) => around("[", array.type_param.id, &format!("; {}]", array.len)),
        TypeDef::Tuple(tuple) => {
            shape.push('(');
            for (place, field) in tuple.fields.iter().enumerate() {
                if place > 0 {
                    shape.push_str(", ");
                }
                write(types, field.id, depth + 1, shape);
            }
            shape.push(')');
        }
        TypeDef::Primitive(primitive) => {
            let _ = write!(shape, "{}", format!("{primitive:?}").to_lowercase());
        }
        TypeDef::Compact(compact) => around("compact ", compact.type_param.id, ""),
        TypeDef::BitSequence(_) => shape.push_str("bits"),
    }
}
