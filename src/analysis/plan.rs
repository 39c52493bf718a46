use std::sync::Arc;

use super::{AnalysisError, AnalysisService};
use crate::oci::{RegistryName, RepositoryName, RepositoryPatterns};
use crate::report::{Analysed, PlanQuestion, SwitchPlan};

/// How large a plan may become.
#[derive(Debug, Clone, Copy)]
pub struct PlanLimits {
    /// The largest number of waves.
    pub waves: usize,
    /// The largest effort in days; `None` for no limit.
    pub effort: Option<rust_decimal::Decimal>,
}

impl AnalysisService {
    /// In which order the repositories of some registries are best switched, or those of all if none is named. `repositories`
    /// says which may switch.
    ///
    /// # Errors
    /// If nothing has been crawled or a registry has not, if a pattern matches no repository, if the store fails, or if sizes
    /// overflow.
    pub async fn plan(
        &self,
        registries: &[RegistryName],
        repositories: Option<&RepositoryPatterns>,
        limits: PlanLimits,
    ) -> Result<SwitchPlan, AnalysisError> {
        let contents = self.crawled_contents(registries).await?;
        let inputs = self.inputs_with_pulls(None).await?;
        let is_examined = |name: &RegistryName| registries.is_empty() || registries.contains(name);
        let contents = contents.into_iter().map(Arc::new).collect();
        let analysed = Analysed::from_chosen(contents, &inputs, is_examined)?;
        let is_chosen = |registry: &RegistryName, repository: &RepositoryName| {
            repositories.is_none_or(|patterns| patterns.matches(registry, repository))
        };
        let mut names = analysed.registries.iter().flat_map(|registry| {
            let nodes = registry.content.inventory.repositories.iter();
            nodes.map(move |node| (registry.name(), &node.name))
        });
        if repositories.is_some() && !names.any(|(registry, name)| is_chosen(registry, name)) {
            return Err(AnalysisError::NoRepository);
        }
        Ok(SwitchPlan::new(
            &analysed.registries,
            &PlanQuestion {
                inputs: &inputs,
                is_chosen: &is_chosen,
                most_waves: limits.waves,
                most_effort: limits.effort,
            },
        )?)
    }
}
