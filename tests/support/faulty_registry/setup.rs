use super::{Content, FaultyRegistry, TokenServer};

/// How the `Link` to the next page is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links {
    /// `</v2/_catalog?last=x&n=2>; rel="next"`
    Relative,
    /// The same with scheme and host.
    Absolute,
    /// A cursor that only the registry understands.
    Opaque,
}

pub(super) enum Login {
    Open,
    Basic { username: String, password: String },
    Tokens(TokenServer),
}

/// How a registry is to behave as long as nothing is spoilt.
pub struct Setup {
    pub(super) content: Content,
    pub(super) page_size: usize,
    pub(super) links: Links,
    pub(super) says_digest: bool,
    pub(super) has_referrers: bool,
    pub(super) lists_manifests: bool,
    pub(super) lists_as_google: bool,
    pub(super) login: Login,
}

impl FaultyRegistry {
    /// A registry with these contents.
    pub fn holding(fill: impl FnOnce(&mut Content)) -> Setup {
        let mut content = Content::default();
        fill(&mut content);
        Setup {
            content,
            page_size: 1000,
            links: Links::Relative,
            says_digest: true,
            has_referrers: false,
            lists_manifests: false,
            lists_as_google: false,
            login: Login::Open,
        }
    }
}

impl Setup {
    /// At most so many entries a page, however many the client asks for.
    pub fn page_size(self, page_size: usize) -> Self {
        Self { page_size, ..self }
    }

    pub fn links(self, links: Links) -> Self {
        Self { links, ..self }
    }

    /// Leaves out `Docker-Content-Digest`.
    pub fn without_digest_header(self) -> Self {
        Self {
            says_digest: false,
            ..self
        }
    }

    /// Has the referrers API; by default it answers 404.
    pub fn with_referrers(self) -> Self {
        Self {
            has_referrers: true,
            ..self
        }
    }

    /// Has Azure Container Registry's own listings of manifests and tags; by default they answer 404.
    pub fn listing_manifests(self) -> Self {
        Self {
            lists_manifests: true,
            ..self
        }
    }

    /// Sends all manifests with the tags, as Google Artifact Registry does.
    pub fn listing_as_google(self) -> Self {
        Self {
            lists_as_google: true,
            ..self
        }
    }

    /// Wants Basic authentication.
    pub fn basic(self, username: &str, password: &str) -> Self {
        let login = Login::Basic {
            username: username.to_owned(),
            password: password.to_owned(),
        };
        Self { login, ..self }
    }

    /// Wants a token for each scope.
    pub fn tokens(self, tokens: TokenServer) -> Self {
        Self {
            login: Login::Tokens(tokens),
            ..self
        }
    }

    /// Starts serving on a port of its own.
    pub fn start(self) -> FaultyRegistry {
        FaultyRegistry::serve(self)
    }
}
