//! Chain, store and core, put together as configured.

mod chain;
mod monitor;
mod plan;
mod record;
mod subnets;

pub use chain::{chain, told};
pub use monitor::monitor;
pub use plan::Plan;
pub use record::{bind, record, record_or_new, record_there, tracker};
pub use subnets::{followed, present, shown};
