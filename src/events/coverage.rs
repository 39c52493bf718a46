use schemars::JsonSchema;
use serde::Serialize;

/// What events had told of the changes between a crawl and the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct EventCoverage {
    /// How many changes of tags events had told before the crawl.
    pub told: u64,
    /// How many changes of tags the crawl found that no event had told: tags that are new, moved or gone.
    pub missed: u64,
}

impl EventCoverage {
    /// What was told and missed in a sentence.
    pub fn sentence(self) -> String {
        let changes = |count: u64| match count {
            1 => "1 change".to_owned(),
            count => format!("{count} changes"),
        };
        match self {
            Self { told: 0, missed: 0 } => {
                "Nothing has changed since the crawl before, and no event said so.".to_owned()
            }
            Self { told, missed: 0 } => {
                format!(
                    "Events had told {} of tags before the crawl and missed none.",
                    changes(told)
                )
            }
            Self { told, missed } => format!(
                "Events had told {} of tags before the crawl and missed {missed}, which the crawl found.",
                changes(told)
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_says_what_was_told_and_missed() {
        let sentence = |told, missed| EventCoverage { told, missed }.sentence();
        assert!(sentence(12, 0).contains("told 12 changes") && sentence(12, 0).contains("missed none"));
        assert!(sentence(1, 3).contains("told 1 change of") && sentence(1, 3).contains("missed 3"));
        assert!(sentence(0, 0).contains("Nothing has changed"));
    }
}
