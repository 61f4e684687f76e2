//! How long the database takes to answer.

use std::time::Instant;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use vesting_core::ports::StoreError;

/// The label of a method of the store.
pub type Method = [(&'static str, &'static str); 1];

/// How long calls took and how many failed, by method.
#[derive(Clone)]
pub struct StoreTimes {
    pub seconds: Family<Method, Histogram, fn() -> Histogram>,
    pub failures: Family<Method, Counter>,
}

/// From a tenth of a millisecond to half a minute.
const BUCKETS: [f64; 12] = [0.000_1, 0.000_3, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0];

fn histogram() -> Histogram {
    Histogram::new(BUCKETS)
}

impl Default for StoreTimes {
    fn default() -> Self {
        Self { seconds: Family::new_with_constructor(histogram), failures: Family::default() }
    }
}

impl StoreTimes {
    pub fn note<T>(&self, method: &'static str, since: Instant, result: &Result<T, StoreError>) {
        let method = [("method", method)];
        self.seconds.get_or_create(&method).observe(since.elapsed().as_secs_f64());
        // The series exists from the first call on, so that an increase is visible. That another process has
        // the right to write is no failure.
        let failures = self.failures.get_or_create(&method);
        if result.as_ref().is_err_and(|error| !matches!(error, StoreError::OtherWriter { .. })) {
            failures.inc();
        }
    }
}
