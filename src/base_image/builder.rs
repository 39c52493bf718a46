use schemars::JsonSchema;
use serde::Serialize;

/// What put an image together, where it left a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Builder {
    /// Docker's first builder.
    Classic,
    /// BuildKit.
    BuildKit,
    /// Cloud Native Buildpacks.
    Buildpacks,
    /// ko, for Go programs.
    Ko,
    /// Jib, for Java programs.
    Jib,
    /// kaniko.
    Kaniko,
    /// Bazel.
    Bazel,
    /// apko: Wolfi and Alpine packages.
    Apko,
    /// Nix.
    Nix,
    /// Buildah or Podman.
    Buildah,
}
