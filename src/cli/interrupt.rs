use tokio::signal::unix::{SignalKind, signal};

use crate::crawl::StopFlag;
use crate::telemetry::Console;

/// The exit status of a process that was told twice to stop: 128 and the number of SIGINT.
const STOPPED_AT_ONCE: i32 = 130;

/// Raises the flag at the first Ctrl-C (or SIGTERM), so that the work ends in order; the second ends the
/// process at once, which loses nothing that has been saved.
///
/// # Errors
/// If the system does not let us listen.
pub(super) fn on_interrupt(stop: StopFlag, console: Console) -> std::io::Result<()> {
    let mut interrupts = signal(SignalKind::interrupt())?;
    let mut terminations = signal(SignalKind::terminate())?;
    tokio::spawn(async move {
        loop {
            tokio::select! {
                Some(()) = interrupts.recv() => {}
                Some(()) = terminations.recv() => {}
                else => return,
            }
            if stop.is_stopped() {
                std::process::exit(STOPPED_AT_ONCE);
            }
            stop.stop();
            console.tell("Stopping and saving what was found. Press Ctrl-C again to stop immediately.");
        }
    });
    Ok(())
}
