use std::sync::Arc;

use super::Context;
use super::interrupt::on_interrupt;
use super::outcome::{Outcome, UsageError};
use crate::api::Server;
use crate::clock::SystemClock;
use crate::crawl::StopFlag;

/// `tare serve`: answers until it is told to stop.
pub(super) async fn serve(context: &Context) -> anyhow::Result<Outcome> {
    let settings = &context.settings;
    let api = settings.api().map_err(|error| UsageError(error.to_string()))?;
    let knowledge = Arc::new(settings.knowledge()?);
    let stop = StopFlag::new();
    on_interrupt(stop.clone(), context.console.clone())?;
    let store = context.open_store().await?;
    let server = Server::bind(
        settings.serve.listen,
        store.clone(),
        knowledge,
        api,
        Arc::new(SystemClock),
    )?;
    context.console.tell(&format!(
        "Listening on {0}; {0}/docs says what there is.",
        server.url()
    ));
    let served = server.run(stop.stopped()).await;
    store.close().await;
    served?;
    Ok(Outcome::Complete)
}
