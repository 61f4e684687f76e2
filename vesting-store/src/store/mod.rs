//! The core's port over a database, and what else can be done with a database URL.
//!
//! Takes from `error`, `schema`, `database`, `access` and `record`.

mod by_url;
mod database_store;
mod examine;
#[cfg(test)]
mod tests;

pub use by_url::{check, compact, file, migrate, open, open_existing};
pub use database_store::DatabaseStore;
pub use examine::{Examined, examine, writer};
