//! What ends the program from outside: a signal, or the end of its standard input.
//!
//! Takes from nothing here.

use std::io::Read as _;

use tokio::sync::oneshot;

/// Waits for Ctrl-C or SIGTERM, and with `until_input_ends` also for the end of the standard input. From this call
/// on, no signal ends the process by itself.
pub fn stop_signal(until_input_ends: bool) -> std::io::Result<impl Future<Output = ()>> {
    let signal = signal()?;
    let input_ended = until_input_ends.then(input_end).transpose()?;
    Ok(async move {
        match input_ended {
            None => signal.await,
            Some(input_ended) => tokio::select! {
                () = signal => {}
                // The thread that reads sends before it ends.
                _ = input_ended => tracing::info!("the standard input has ended, so this ends too"),
            },
        }
    })
}

/// Waits for the end of the standard input. Whoever holds its other end can be gone in any way, even by a signal
/// that it cannot catch.
fn input_end() -> std::io::Result<oneshot::Receiver<()>> {
    let (ended, receiver) = oneshot::channel();
    // A read of the standard input cannot be given up, so it has a thread of its own, which dies with the process.
    std::thread::Builder::new().name("standard-input".to_owned()).spawn(move || {
        let mut ignored = [0; 1024];
        let mut input = std::io::stdin().lock();
        loop {
            match input.read(&mut ignored) {
                Ok(1..) => {}
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Ok(0) | Err(_) => break,
            }
        }
        // Nobody listens once the program is stopping.
        let _ = ended.send(());
    })?;
    Ok(receiver)
}

fn signal() -> std::io::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let (mut terminate, mut interrupt) =
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        Ok(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        // If signals cannot be received, none can end the program.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
