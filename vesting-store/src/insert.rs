//! Rows in bulk.

/// Rows of one statement. SQLite binds at most 32,766 values, PostgreSQL 65,535, and no table has
/// more than 16 columns.
pub const CHUNK: usize = 1000;

/// Converts items to rows and inserts them into a table. A macro, since the bounds of a generic
/// function would be longer than what it does.
macro_rules! insert_all {
    ($conn:expr, $table:ident, $rows:expr) => {
        crate::insert::insert_all!($conn, diesel::insert_into(crate::schema::$table::table), $rows, ())
    };
    ($conn:expr, $into:expr, $rows:expr, ()) => {{
        let rows = $rows.collect::<Result<Vec<_>, vesting_core::ports::StoreError>>()?;
        for chunk in rows.chunks(crate::insert::CHUNK) {
            diesel::RunQueryDsl::execute($into.values(chunk), $conn)?;
        }
    }};
}
pub(crate) use insert_all;
