//! Which moves that are possible are also worth it.
//!
//! Savings do not add up: a layer is freed when its last user leaves it. So what the repositories that are worth it save
//! is computed for exactly that set, and a repository is in the set only if it is worth it when just the set moves.

use super::error::CostError;
use super::parts::MoneyEstimate;
use super::plan::CostPlan;
use super::statement::joint_savings;
use super::usage::RegistryUsage;
use super::worth_rule::Worth;
use crate::pricing::{Effort, Period};
use crate::units::Money;

/// What is worth moving in one registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorthStatement {
    /// Each repository, in the order of the statement.
    pub repositories: Vec<RepositoryWorth>,
    /// What the registry saves if exactly the repositories that are worth it move.
    pub saving: MoneyEstimate,
}

/// Whether moving one repository is worth it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RepositoryWorth {
    /// Whether it is; `None` if there is nothing to move.
    pub worth: Option<Worth>,
    /// Its part of the saving if exactly the repositories that are worth it move. Negative for one that keeps a base which
    /// others leave.
    pub saving: MoneyEstimate,
    /// The part of the expected saving that comes from moved bytes; the rest comes from stored bytes.
    pub transfer_saving: Money,
    /// The work of moving it; `None` if no effort is configured or there is nothing to move.
    pub effort: Option<Effort>,
}

impl WorthStatement {
    /// Finds the repositories that are worth moving: those that switch, less those that are not worth it, until all that
    /// remain are worth it when only they move.
    ///
    /// `usage` is that if all that should switch do. `usage_if` gives the usage if only the chosen repositories do.
    /// Returns `None` if the registry has no price book or the changes on Alpine were not computed.
    ///
    /// # Errors
    /// If costs cannot be computed, or if `usage_if` fails.
    pub fn new<E: From<CostError>>(
        plan: &CostPlan,
        usage: &RegistryUsage,
        period: Period,
        usage_if: impl Fn(&[bool]) -> Result<RegistryUsage, E>,
    ) -> Result<Option<Self>, E> {
        if usage.alpine.is_none() || plan.terms(&usage.registry).is_none() {
            return Ok(None);
        }
        let (mut savings, mut saving) = joint_savings(plan, usage, period)?;
        let efforts: Vec<Option<Effort>> = usage
            .repositories
            .iter()
            .map(|row| {
                plan.effort(&usage.registry, &row.repository)
                    .filter(|_| row.switches)
            })
            .collect();
        let mut moves: Vec<bool> = usage.repositories.iter().map(|row| row.switches).collect();
        let mut worth = vec![None; moves.len()];
        loop {
            let mut is_final = true;
            for place in 0..moves.len() {
                if !moves[place] {
                    continue;
                }
                let judged = plan.worth.judge(savings[place].saving.expected, efforts[place])?;
                worth[place] = Some(judged);
                if judged != Worth::WorthIt {
                    moves[place] = false;
                    is_final = false;
                }
            }
            if is_final {
                break;
            }
            let usage = usage_if(&moves)?;
            (savings, saving) = joint_savings(plan, &usage, period)?;
        }
        let repositories = worth.into_iter().zip(savings).zip(efforts);
        Ok(Some(Self {
            repositories: repositories
                .map(|((worth, joint), effort)| RepositoryWorth {
                    worth,
                    saving: joint.saving,
                    transfer_saving: joint.transfer,
                    effort,
                })
                .collect(),
            saving,
        }))
    }
}
