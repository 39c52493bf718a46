//! The build steps of generated images.

use crate::demo::blueprint::BuildStep;

/// The build steps of a repository that leave a layer, in turns.
const LAYER_STEPS: [&str; 8] = [
    "COPY package.json package-lock.json ./",
    "RUN npm ci --omit=dev",
    "RUN apt-get update && apt-get install -y --no-install-recommends libpq5 && rm -rf /var/lib/apt/lists/*",
    "COPY assets ./assets",
    "COPY config /etc/service",
    "RUN ./tools/compile --release",
    "ADD schema.tar.gz /srv/schema",
    "COPY . .",
];
/// Those that leave none.
const OTHER_STEPS: [&str; 4] = [
    "ENV SERVICE_PORT=8080",
    "EXPOSE 8080",
    "USER 1000",
    "CMD [\"/srv/service\"]",
];

/// The build steps of all repositories: those that leave a layer, and those that leave none.
pub(super) fn steps() -> (Vec<BuildStep>, Vec<BuildStep>) {
    let step = |text: &&str| BuildStep {
        step: (*text).to_owned(),
        bytes: None,
        changes: 0,
    };
    (
        LAYER_STEPS.iter().map(step).collect(),
        OTHER_STEPS.iter().map(step).collect(),
    )
}
