use std::sync::Arc;

use futures::FutureExt as _;

use crate::api::{BilledMonths, MonthsError};
use crate::clock::{Clock, SystemClock};
use crate::config::Settings;
use crate::export::BilledMonth;
use crate::jobs::Analyst;
use crate::store::StoreError;

/// Has the analyst draw up what registries cost in a month, for the service's exports.
pub(super) fn billed_months(analyst: Analyst, settings: Arc<Settings>) -> BilledMonths {
    Arc::new(move |month| {
        let (analyst, settings) = (analyst.clone(), Arc::clone(&settings));
        async move {
            let drawn_up = analyst.months(month, SystemClock.now()).await;
            let months = drawn_up.map_err(|error| match error.downcast::<StoreError>() {
                Ok(error) => MonthsError::Store(error),
                Err(error) => MonthsError::Other(format!("{error:#}")),
            })?;
            let billed = months.into_iter().map(|month| {
                let account = settings.account(&month.registry);
                let billed = BilledMonth {
                    statements: month.statements,
                    account,
                    is_whole: true,
                };
                (month.registry, billed)
            });
            Ok(billed.collect())
        }
        .boxed()
    })
}
