use schemars::JsonSchema;
use serde::Serialize;
use strum::EnumString;

/// What put an image together, where it left a trace.
// Parsed from the author that a builder writes into a step; most builders write none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, EnumString, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Builder {
    /// Docker's first builder.
    #[strum(disabled)]
    Classic,
    /// BuildKit.
    #[strum(disabled)]
    BuildKit,
    /// Cloud Native Buildpacks.
    #[strum(disabled)]
    Buildpacks,
    /// ko, for Go programs.
    #[strum(serialize = "ko")]
    Ko,
    /// Jib, for Java programs.
    #[strum(serialize = "Jib")]
    Jib,
    /// kaniko.
    #[strum(serialize = "kaniko")]
    Kaniko,
    /// Bazel.
    #[strum(serialize = "Bazel")]
    Bazel,
    /// apko: Wolfi and Alpine packages.
    #[strum(serialize = "apko")]
    Apko,
    /// Nix.
    #[strum(disabled)]
    Nix,
    /// Buildah or Podman.
    #[strum(disabled)]
    Buildah,
}
