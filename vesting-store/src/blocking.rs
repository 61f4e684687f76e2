//! Work that blocks, off the threads that serve futures.

use vesting_core::ports::StoreError;

/// Runs a task to its end; one whose caller has gone away too.
pub async fn blocking<T: Send + 'static>(task: impl FnOnce() -> T + Send + 'static) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(task)
        .await
        .map_err(|error| StoreError::Unusable(format!("the database task stopped ({error}): start the program again, nothing is lost")))
}
