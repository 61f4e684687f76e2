//! A store, a chain and a gateway that fail on purpose. Each passes everything else on to a real one.

pub mod flaky;
pub mod gate;
pub mod liar;
