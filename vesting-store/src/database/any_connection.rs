//! A connection to either kind of database, and its transactions.

use diesel::connection::{
    AnsiTransactionManager, Connection, SimpleConnection, TransactionManager, TransactionManagerStatus,
};
use diesel::pg::PgConnection;
use diesel::sqlite::SqliteConnection;

use super::postgres;
use crate::error::Fault;

/// A connection. Most statements are the same for both kinds; a `match` marks those that are not.
#[derive(diesel::MultiConnection)]
pub enum AnyConnection {
    /// To a SQLite file.
    Sqlite(SqliteConnection),
    /// To a PostgreSQL server.
    Postgres(PgConnection),
}

type Manager = <AnyConnection as Connection>::TransactionManager;

impl AnyConnection {
    /// Reads in one transaction, so that several queries see one state.
    pub fn read<T>(&mut self, task: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        match self {
            Self::Sqlite(conn) => AnsiTransactionManager::begin_transaction(conn)?,
            Self::Postgres(conn) => {
                AnsiTransactionManager::begin_transaction_sql(
                    conn,
                    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
                )?;
            }
        }
        self.end(task)
    }

    /// Writes in one transaction. SQLite takes the write lock at once, since a transaction that has already
    /// read cannot wait for it. PostgreSQL refuses to overwrite rows that another transaction changed
    /// meanwhile.
    pub fn write<T>(&mut self, task: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        match self {
            Self::Sqlite(conn) => AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE")?,
            Self::Postgres(conn) => {
                AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN ISOLATION LEVEL REPEATABLE READ")?
            }
        }
        self.end(task)
    }

    fn end<T>(&mut self, task: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        match task(self) {
            Ok(done) => {
                Manager::commit_transaction(self)?;
                Ok(done)
            }
            Err(fault) => {
                // The first error is the cause, so a failed rollback is ignored.
                let _ = Manager::rollback_transaction(self);
                Err(fault)
            }
        }
    }

    /// Whether the server still answers.
    pub fn is_alive(&mut self) -> bool {
        match self {
            Self::Sqlite(_) => true,
            Self::Postgres(conn) => conn.batch_execute("SELECT 1").is_ok(),
        }
    }

    /// Whether errors come in English, so that their messages are understood here.
    pub fn tells_in_english(&mut self) -> bool {
        match self {
            Self::Sqlite(_) => true,
            Self::Postgres(conn) => postgres::tells_in_english(conn),
        }
    }

    /// Releases the locks of the session. A session that has ended has none.
    pub fn release(&mut self) {
        if let Self::Postgres(conn) = self {
            let _ = conn.batch_execute("SELECT pg_advisory_unlock_all()");
        }
    }

    /// Whether the connection can be used: no transaction on it is open or broken.
    pub fn is_idle(&mut self) -> bool {
        match Manager::transaction_manager_status_mut(self) {
            TransactionManagerStatus::Valid(status) => status.transaction_depth().is_none(),
            TransactionManagerStatus::InError => false,
        }
    }
}
