//! In which order repositories are best switched, in bytes and in money: the answer of `tare plan` and of `/v1/plan`.

mod answer;
mod build;
mod csv;
mod effort;
mod money;
mod table;

pub use answer::{
    CurvePoint, PlanCostCentre, PlanRegistry, PlanRepository, PlanWave, SwitchPlan, UnplannedRepository,
};
pub use build::{MOST_WAVES, PlanQuestion};
pub use csv::plan_csv;
pub use effort::{MOST_PLAN_DAYS, plan_days};
pub use table::plan_table;
