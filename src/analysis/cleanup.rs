use super::{AnalysisError, AnalysisService};
use crate::cleanup::{Policy, TagTimesByRegistry};
use crate::oci::{RegistryName, RepositoryName, RepositoryPatterns};
use crate::report::{Cleanup, CleanupQuestion, RegistryContent};

impl AnalysisService {
    /// What a clean-up of some registries would delete and free, or of all if none is named. Nothing is deleted.
    ///
    /// # Errors
    /// If nothing has been crawled or a registry has not, if a pattern matches no repository, if the store fails, or if sizes
    /// overflow.
    pub async fn cleanup(
        &self,
        registries: &[RegistryName],
        repositories: Option<&RepositoryPatterns>,
        policy: &Policy,
    ) -> Result<Cleanup, AnalysisError> {
        let mut contents = self.crawled_contents(registries).await?;
        contents.retain(|content| registries.is_empty() || registries.contains(&content.source.registry));
        let is_chosen = |registry: &RegistryName, repository: &RepositoryName| {
            repositories.is_none_or(|patterns| patterns.matches(registry, repository))
        };
        let has_chosen = |content: &RegistryContent| {
            let mut nodes = content.inventory.repositories.iter();
            nodes.any(|node| is_chosen(&content.source.registry, &node.name))
        };
        if repositories.is_some() && !contents.iter().any(has_chosen) {
            return Err(AnalysisError::NoRepository);
        }
        let mut times = TagTimesByRegistry::new();
        for content in &contents {
            let registry = &content.source.registry;
            times.insert(registry.clone(), self.store.tag_times(registry).await?);
        }
        let until = contents
            .iter()
            .map(|content| content.source.as_of.date_naive())
            .max();
        let last_pulls = self.store.last_pulls(until.unwrap_or_default()).await?;
        let inputs = self.inputs_with_pulls(None).await?;
        let work = move || {
            let contents: Vec<&RegistryContent> = contents.iter().collect();
            Cleanup::new(
                &contents,
                &CleanupQuestion {
                    policy,
                    costs: &inputs.costs,
                    times: &times,
                    last_pulls: &last_pulls,
                    is_chosen: &is_chosen,
                },
            )
        };
        Ok(work()?)
    }
}
