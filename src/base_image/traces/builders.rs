//! The program that built an image, and its notes.

use crate::base_image::Builder;
use crate::base_image::steps::{Instruction, Keyword};
use crate::oci::ImageConfig;

/// Whether the image contains only copied files and no command was ever run, as without a shell.
pub(super) fn is_scratch(config: &ImageConfig) -> bool {
    let mut copies = 0;
    for step in config.history.iter().filter(|step| !step.empty_layer) {
        let read = Instruction::read(&step.created_by);
        match read.keyword {
            Keyword::Copy => copies += 1,
            Keyword::Add => copies += 1,
            Keyword::Run | Keyword::Missing => return false,
            _ => {}
        }
    }
    copies > 0
        && !config.history.iter().any(|step| {
            let read = Instruction::read(&step.created_by);
            read.keyword == Keyword::Cmd
                && matches!(
                    read.body.as_ref(),
                    "[\"sh\"]" | "[\"/bin/sh\"]" | "[\"bash\"]" | "[\"/bin/bash\"]"
                )
        })
}

/// What put an image together.
pub(super) fn builder(config: &ImageConfig) -> Option<Builder> {
    let author = config.author.as_deref().unwrap_or_default();
    if config.labels.contains_key("io.buildpacks.stack.id")
        || config.labels.contains_key("io.buildpacks.base.distro.name")
    {
        return Some(Builder::Buildpacks);
    }
    if author.contains("chainguard-dev/apko") {
        return Some(Builder::Apko);
    }
    // The last step is the youngest; the base's steps come first and have builders of their own.
    for step in config.history.iter().rev() {
        let text = step.created_by.trim();
        let found = match step.author.parse() {
            Ok(builder) => Some(builder),
            _ if text.starts_with("ko build ") || text.starts_with("ko publish ") => Some(Builder::Ko),
            _ if text.starts_with("jib-") => Some(Builder::Jib),
            _ if text.starts_with("bazel build ") => Some(Builder::Bazel),
            _ if text == "apko" || step.comment.contains("apko single-layer") => Some(Builder::Apko),
            _ if step.comment.starts_with("store paths:") => Some(Builder::Nix),
            _ if step.comment.starts_with("FROM ") => Some(Builder::Buildah),
            _ if step.comment.starts_with("buildkit.") => Some(Builder::BuildKit),
            _ => {
                let read = Instruction::read(text);
                if read.buildkit {
                    Some(Builder::BuildKit)
                } else if read.classic {
                    Some(Builder::Classic)
                } else {
                    None
                }
            }
        };
        if found.is_some() {
            return found;
        }
    }
    // ko and apko write their names into steps only.
    let authors = [Builder::Bazel, Builder::Jib, Builder::Kaniko];
    author.parse().ok().filter(|builder| authors.contains(builder))
}

/// Buildah notes `FROM docker.io/library/node:22` beside the first step of a child.
pub(super) fn noted_bases(config: &ImageConfig) -> Vec<String> {
    let mut names: Vec<String> = config
        .history
        .iter()
        .rev()
        .filter_map(|step| step.comment.strip_prefix("FROM "))
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty() && name != "scratch")
        .collect();
    names.dedup();
    names
}
