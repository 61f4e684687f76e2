//! Chain, store and core, put together as configured.
//!
//! Takes from `exit`, `failure` and `config`.

mod chain;
mod monitor;
mod plan;
mod record;
mod subnets;

pub use chain::{chain, explain_chain_error};
pub use monitor::open_monitor;
pub use plan::Plan;
pub use record::{bind_database, open_or_create_record, open_record, open_record_if_any, tracker};
pub use subnets::{subnet_to_show, subnets_at, subnets_to_follow};
