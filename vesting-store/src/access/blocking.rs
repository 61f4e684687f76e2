//! Blocking work, run off the async threads.

use vesting_core::ports::StoreError;

/// Runs a task on a thread that may block. The task runs to its end even if the caller is dropped.
pub async fn blocking<T: Send + 'static>(task: impl FnOnce() -> T + Send + 'static) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(task).await.map_err(|error| {
        // Tokio cancels a blocking task only if the runtime shuts down before the task starts.
        if error.is_cancelled() {
            return StoreError::Busy("the program is ending".to_owned());
        }
        StoreError::Unusable(format!(
            "the database task stopped ({error}): start the program again, nothing is lost"
        ))
    })
}

#[cfg(test)]
mod tests {
    use tokio::runtime::Builder;

    use super::*;

    #[test]
    fn a_task_asked_for_at_shutdown_is_refused_as_busy() {
        let ending = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let handle = ending.handle().clone();
        ending.shutdown_background();
        let found = handle.block_on(blocking(|| ()));
        assert!(matches!(&found, Err(StoreError::Busy(_))), "{found:?}");
    }

    #[test]
    fn a_task_that_panics_is_an_error() {
        let found =
            Builder::new_current_thread().build().unwrap().block_on(blocking(|| panic!("on purpose")));
        assert!(
            matches!(&found, Err(StoreError::Unusable(why)) if why.contains("the database task stopped")),
            "{found:?}"
        );
    }
}
