//! Tables for people.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

/// A table that fits the terminal. A column whose name starts with `>` is aligned right.
pub fn table(columns: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(columns.iter().map(|name| name.trim_start_matches('>')));
    for (index, name) in columns.iter().enumerate() {
        if let (true, Some(column)) = (name.starts_with('>'), table.column_mut(index)) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// An address short enough for a table.
pub fn short(address: impl ToString) -> String {
    let address = address.to_string();
    if address.len() < 16 {
        address
    } else {
        format!("{}…{}", &address[..6], &address[address.len() - 4..])
    }
}
