//! The part of `tare doctor` about notifications: secrets are where the settings say, templates can be used, and servers
//! can be reached. Nothing is sent.

use super::finding::Finding::{self, Amiss, Well};
use crate::cli::context::Context;
use crate::notify::{EventKind, Receiver, reach};

/// A finding for each `[[notification]]`, and one for the templates if they cannot be used.
pub(super) async fn notifications(context: &Context) -> Vec<(String, Finding)> {
    let settings = &context.settings;
    let mut findings = Vec::new();
    let receivers = settings.notification_receivers(&context.environment);
    let checks = receivers.iter().map(async |(name, receiver)| {
        let finding = match receiver {
            Ok(receiver) => receiver_finding(receiver, context).await,
            Err(error) => Amiss(
                error.to_string(),
                "correct this [[notification]], or put the secret where it names it".to_owned(),
            ),
        };
        (format!("notification {name}"), finding)
    });
    findings.extend(futures::future::join_all(checks).await);
    if !receivers.is_empty()
        && let Err(error) = settings.templates()
    {
        let advice = "correct the template, or remove templates from [notifications]";
        findings.push((
            "notification templates".to_owned(),
            Amiss(error.to_string(), advice.to_owned()),
        ));
    }
    findings
}

async fn receiver_finding(receiver: &Receiver, context: &Context) -> Finding {
    let is_about_budgets =
        |event: &EventKind| matches!(event, EventKind::BudgetExceeded | EventKind::BudgetForecast);
    if receiver.events.iter().any(is_about_budgets) && context.settings.metrics().budgets.is_empty() {
        return Amiss(
            "it is told of budgets, but there is none".to_owned(),
            "add a [[budget]], or remove budget_exceeded and budget_forecast from its events".to_owned(),
        );
    }
    match reach(receiver).await {
        Ok(found) => Well(format!("{found}; nothing was sent")),
        Err(error) => Amiss(
            error.to_string(),
            format!(
                "check its address, the network and extra_ca; then try it with tare notify test {}",
                receiver.name
            ),
        ),
    }
}
