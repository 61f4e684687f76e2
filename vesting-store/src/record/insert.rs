//! Inserts rows in bulk. These are macros, because diesel's bounds would make generic functions longer than
//! their bodies.

/// The most rows in one statement. SQLite binds at most 32,766 values, PostgreSQL 65,535, and no table has
/// more than 16 columns.
pub const ROWS_PER_STATEMENT: usize = 1000;

/// Converts items to rows.
macro_rules! rows {
    ($rows:expr) => {
        $rows.collect::<Result<Vec<_>, vesting_core::ports::StoreError>>()?
    };
}

/// Inserts rows. A row with the key of another is an error.
macro_rules! insert_all {
    ($conn:expr, $table:ident, $rows:expr) => {
        for chunk in crate::record::insert::rows!($rows).chunks(crate::record::insert::ROWS_PER_STATEMENT) {
            match $conn {
                crate::database::AnyConnection::Sqlite(conn) => diesel::RunQueryDsl::execute(
                    diesel::insert_into(crate::schema::tables::$table::table).values(chunk),
                    conn,
                )?,
                // `COPY` is three times as fast as `INSERT`.
                crate::database::AnyConnection::Postgres(conn) => diesel::ExecuteCopyFromDsl::execute(
                    diesel::copy_from(crate::schema::tables::$table::table).from_insertable(chunk),
                    conn,
                )?,
            };
        }
    };
}

/// Inserts the rows whose keys are new, and skips the others.
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

/// Inserts rows. Each replaces the row with its key. No two of them may have the same key.
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
