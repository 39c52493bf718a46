//! The confidence of each finding about a base image or an operating system that is not computed, in percent.
//!
//! All values in this file are our choice. They order findings: evidence that is specific to one system comes before
//! evidence that many share, and evidence that child images do not inherit before evidence that they do. The
//! confidences of step texts and version variables were measured: see `candidates.rs` and `docs/model.md`.

/// Annotations, labels and notes of builders that name the base. Child images inherit labels, which are then wrong.
pub(super) mod named {
    /// An annotation gives the base's digest.
    pub(in crate::base_image) const ANNOTATED_DIGEST: u8 = 98;
    /// A label gives the base's digest.
    pub(in crate::base_image) const LABELLED_DIGEST: u8 = 85;
    /// An annotation gives the base's name.
    pub(in crate::base_image) const ANNOTATED_NAME: u8 = 95;
    /// A note of a builder gives the base's name.
    pub(in crate::base_image) const NOTED_NAME: u8 = 90;
    /// A label gives the base's name.
    pub(in crate::base_image) const LABELLED_NAME: u8 = 75;
}

/// Layers that are identical. Only a base that was itself built elsewhere from the same layers can be wrong.
pub(super) mod layers {
    /// The image begins with all layers of a base.
    pub(in crate::base_image) const SAME_LAYERS: u8 = 99;
    /// The image's first layer is that of an operating system.
    pub(in crate::base_image) const SYSTEM_LAYER: u8 = 98;
}

/// Labels and the platform.
pub(super) mod labels {
    /// The platform says that the image is for Windows.
    pub(in crate::base_image) const WINDOWS: u8 = 99;
    /// A buildpack's label names the distribution.
    pub(in crate::base_image) const BUILDPACK_DISTRIBUTION: u8 = 95;
    /// A buildpack's stack contains a release of Ubuntu.
    pub(in crate::base_image) const BUILDPACK_STACK: u8 = 90;
    /// A buildpack's stack names no release.
    pub(in crate::base_image) const UNKNOWN_STACK: u8 = 60;
    /// A name that begins with `CentOS`.
    pub(in crate::base_image) const CENTOS_NAME: u8 = 85;
    /// Ubuntu's own reference name.
    pub(in crate::base_image) const UBUNTU_NAME: u8 = 95;
    /// The component or name of a universal base image of Red Hat.
    pub(in crate::base_image) const UBI_NAME: u8 = 95;
    /// Red Hat's `cpe` alone.
    pub(in crate::base_image) const RED_HAT_CPE: u8 = 85;
}

/// Steps that operating systems' own builds leave.
pub(super) mod own_steps {
    /// `debian.sh` with a suite.
    pub(in crate::base_image) const DEBIAN_SCRIPT: u8 = 97;
    /// `alpine-minirootfs` with a version.
    pub(in crate::base_image) const ALPINE_ARCHIVE: u8 = 97;
    /// An added file whose hash the catalogue knows.
    pub(in crate::base_image) const KNOWN_ROOT_FILES: u8 = 96;
    /// Ubuntu's build on Launchpad or by Rockcraft.
    pub(in crate::base_image) const UBUNTU_BUILD: u8 = 95;
    /// An archive of a root file system with the name of a system.
    pub(in crate::base_image) const ROOT_ARCHIVE: u8 = 90;
    /// `BusyBox 1.` in a step.
    pub(in crate::base_image) const BUSYBOX_VERSION: u8 = 90;
    /// A comment of debuerreotype.
    pub(in crate::base_image) const DEBUERREOTYPE: u8 = 90;
    /// Nix's list of store paths.
    pub(in crate::base_image) const NIX_STORE_PATHS: u8 = 90;
    /// Ubuntu's step with `policy-rc.d`, up to 2020.
    pub(in crate::base_image) const UBUNTU_POLICY: u8 = 90;
    /// Unnamed root files, and `bash` as the command.
    pub(in crate::base_image) const ROOT_FILES_WITH_BASH: u8 = 85;
    /// Unnamed root files, and `sh` or `/bin/sh` as the command.
    pub(in crate::base_image) const ROOT_FILES_WITH_SH: u8 = 75;
    /// What unnamed root files with `/bin/bash` as the command add to the confidence of the package manager.
    pub(in crate::base_image) const ROOT_FILES_WITH_BIN_BASH: u8 = 10;
    /// The name of a system's project as author, comment or label of a step.
    pub(in crate::base_image) const AUTHOR: u8 = 85;
    /// CentOS's domain there, which users of its software mention too.
    pub(in crate::base_image) const CENTOS_DOMAIN: u8 = 80;
    /// SUSE's mail domain there, which employees use for other images too.
    pub(in crate::base_image) const SUSE_DOMAIN: u8 = 60;
    /// Chainguard's static image there.
    pub(in crate::base_image) const CHAINGUARD_STATIC: u8 = 90;
}

/// The base that a builder uses by default.
pub(super) mod builders {
    /// Bazel, and a suite of Debian in its steps.
    pub(in crate::base_image) const BAZEL_WITH_SUITE: u8 = 90;
    /// Bazel without a suite.
    pub(in crate::base_image) const BAZEL: u8 = 75;
    /// apko, which puts Wolfi and Alpine together.
    pub(in crate::base_image) const APKO: u8 = 60;
    /// Nix.
    pub(in crate::base_image) const NIX: u8 = 85;
}

/// Programs that the steps use, and versions in variables.
pub(super) mod usage {
    /// `apk`, which Alpine and Wolfi have.
    pub(in crate::base_image) const APK: u8 = 70;
    /// `apt-get`, `apt` or `dpkg`, and a release in a package source.
    pub(in crate::base_image) const APT_WITH_RELEASE: u8 = 65;
    /// `apt-get`, `apt` or `dpkg`, which Debian, Ubuntu and others have.
    pub(in crate::base_image) const APT: u8 = 50;
    /// `microdnf`.
    pub(in crate::base_image) const MICRODNF: u8 = 65;
    /// `tdnf`.
    pub(in crate::base_image) const TDNF: u8 = 60;
    /// `zypper`.
    pub(in crate::base_image) const ZYPPER: u8 = 70;
    /// `amazon-linux-extras`, which only Amazon Linux 2 has.
    pub(in crate::base_image) const AMAZON_LINUX_EXTRAS: u8 = 85;
    /// `yum` or `dnf`, which the whole Red Hat family has.
    pub(in crate::base_image) const YUM: u8 = 45;
    /// `pacman`.
    pub(in crate::base_image) const PACMAN: u8 = 75;
    /// A release in a vendor's version.
    pub(in crate::base_image) const RELEASE_IN_VERSION: u8 = 75;
}
