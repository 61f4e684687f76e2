//! Rows in bulk. Macros, since the bounds of generic functions would be longer than what they do.

/// Rows of one statement. SQLite binds at most 32,766 values, PostgreSQL 65,535, and no table has
/// more than 16 columns.
pub const ROWS_PER_STATEMENT: usize = 1000;

/// Converts items to rows.
macro_rules! rows {
    ($rows:expr) => {
        $rows.collect::<Result<Vec<_>, vesting_core::ports::StoreError>>()?
    };
}

/// Adds rows that must be new.
macro_rules! insert_all {
    ($conn:expr, $table:ident, $rows:expr) => {
        for chunk in crate::record::insert::rows!($rows).chunks(crate::record::insert::ROWS_PER_STATEMENT) {
            match $conn {
                crate::database::AnyConnection::Sqlite(conn) => diesel::RunQueryDsl::execute(
                    diesel::insert_into(crate::schema::tables::$table::table).values(chunk),
                    conn,
                )?,
                // Three times as fast as a statement with its values.
                crate::database::AnyConnection::Postgres(conn) => diesel::ExecuteCopyFromDsl::execute(
                    diesel::copy_from(crate::schema::tables::$table::table).from_insertable(chunk),
                    conn,
                )?,
            };
        }
    };
}

/// Adds those rows whose keys are new.
macro_rules! insert_missing {
    ($conn:expr, $table:ident, $rows:expr) => {
        for chunk in crate::record::insert::rows!($rows).chunks(crate::record::insert::ROWS_PER_STATEMENT) {
            match $conn {
                crate::database::AnyConnection::Sqlite(conn) => diesel::RunQueryDsl::execute(
                    diesel::insert_or_ignore_into(crate::schema::tables::$table::table).values(chunk),
                    conn,
                )?,
                crate::database::AnyConnection::Postgres(conn) => diesel::RunQueryDsl::execute(
                    diesel::insert_into(crate::schema::tables::$table::table)
                        .values(chunk)
                        .on_conflict_do_nothing(),
                    conn,
                )?,
            };
        }
    };
}

/// Adds rows, each in place of one with its key. No two of them have one key.
macro_rules! upsert_all {
    ($conn:expr, $table:ident, $key:expr, $value:expr, $rows:expr) => {
        for chunk in crate::record::insert::rows!($rows).chunks(crate::record::insert::ROWS_PER_STATEMENT) {
            match $conn {
                crate::database::AnyConnection::Sqlite(conn) => diesel::RunQueryDsl::execute(
                    diesel::replace_into(crate::schema::tables::$table::table).values(chunk),
                    conn,
                )?,
                crate::database::AnyConnection::Postgres(conn) => diesel::RunQueryDsl::execute(
                    diesel::insert_into(crate::schema::tables::$table::table)
                        .values(chunk)
                        .on_conflict($key)
                        .do_update()
                        .set(diesel::ExpressionMethods::eq($value, diesel::upsert::excluded($value))),
                    conn,
                )?,
            };
        }
    };
}
pub(crate) use {insert_all, insert_missing, rows, upsert_all};
