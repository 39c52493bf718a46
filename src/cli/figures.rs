use std::sync::Arc;

use futures::FutureExt as _;

use crate::api::{Figures, FiguresError};
use crate::clock::{Clock, SystemClock};
use crate::config::Settings;
use crate::export::BilledMonth;
use crate::jobs::AnalysisService;
use crate::store::StoreError;

/// Has the analyst work out what the service shows, and what registries cost in a month for its exports.
pub(super) fn figures(analyst: AnalysisService, settings: Arc<Settings>) -> Figures {
    let of_today = analyst.clone();
    Figures {
        analysed: Arc::new(move || {
            let analyst = of_today.clone();
            async move { analyst.analysed().await.map_err(in_parts) }.boxed()
        }),
        months: Arc::new(move |month| {
            let (analyst, settings) = (analyst.clone(), Arc::clone(&settings));
            async move {
                let months = analyst.months(month, SystemClock.now()).await.map_err(in_parts)?;
                let billed = months.into_iter().map(|month| {
                    let account = settings.account(&month.registry);
                    let statements = month.statements;
                    let billed = BilledMonth {
                        statements,
                        account,
                        is_whole: true,
                    };
                    (month.registry, billed)
                });
                Ok(billed.collect())
            }
            .boxed()
        }),
    }
}

/// A store that is away is another matter than figures that cannot be.
fn in_parts(error: anyhow::Error) -> FiguresError {
    match error.downcast::<StoreError>() {
        Ok(error) => FiguresError::Store(error),
        Err(error) => FiguresError::Other(format!("{error:#}")),
    }
}
