use crate::oci::text::excerpt;

/// Why a token is not accepted. As text it is for the log: what it repeats of the token is bounded and escaped, and
/// never the token itself or its signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nobody's token is that long.
    #[error("it has {0} bytes, and at most {most} are read", most = super::verify::LONGEST_TOKEN)]
    TooLong(usize),
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Malformed(String),
    /// It is signed by something that is not accepted for this, or not at all.
    #[error("it is not signed by an algorithm that is accepted for its key: {0}")]
    Algorithm(String),
    /// It is of an issuer that the configuration does not name.
    #[error("its issuer {0} is in no [[oidc]]")]
    UnknownIssuer(String),
    /// Its issuer has no such key.
    #[error("its issuer has no key {0}")]
    UnknownKey(String),
    /// It was not signed by the key that it names.
    #[error("its signature is not of the key that it names")]
    Signature,
    /// Its time is over.
    #[error("it expired at {0}")]
    Expired(String),
    /// Its time has not come.
    #[error("it is not valid before {0}; are the clocks of this machine and of its issuer right?")]
    NotYetValid(String),
    /// It is for somebody else.
    #[error("it is meant for {0}, which is none of the audiences in its issuer's [[oidc]]")]
    Audience(String),
    /// The issuer's keys are not to be had at the moment.
    #[error("the keys of its issuer are not to be had")]
    NoKeys,
    /// It is valid, and allows nothing here. What would allow something.
    #[error("it is valid, but no rule in its issuer's [[oidc]] matches; there would have to be {0}")]
    NoRule(String),
}

impl Refusal {
    pub(super) fn unknown_issuer(issuer: &str) -> Self {
        Self::UnknownIssuer(excerpt(issuer))
    }

    /// The reason in a word, of which there are few.
    pub fn label(&self) -> &'static str {
        match self {
            Self::TooLong(_) | Self::Malformed(_) => "malformed",
            Self::Algorithm(_) => "algorithm",
            Self::UnknownIssuer(_) => "issuer",
            Self::UnknownKey(_) => "key",
            Self::Signature => "signature",
            Self::Expired(_) => "expired",
            Self::NotYetValid(_) => "not_yet_valid",
            Self::Audience(_) => "audience",
            Self::NoKeys => "no_keys",
            Self::NoRule(_) => "no_rule",
        }
    }

    /// What whoever sent it is told: enough to put it right, and nothing of how the service is set up that is not in
    /// the token already. The words may stand in a header.
    pub fn told(&self) -> &'static str {
        match self {
            Self::TooLong(_) => "the token is too long",
            Self::Malformed(_) => "the token is not a JWT that can be read here",
            Self::Algorithm(_) => "the token is not signed by an algorithm that is accepted",
            Self::UnknownIssuer(_) => "the token is not of an issuer that is known here",
            Self::UnknownKey(_) => "the token names a key that its issuer does not have",
            Self::Signature => "the token has a signature that is not of its issuer",
            Self::Expired(_) => "the token has expired; get a new one",
            Self::NotYetValid(_) => "the token is not valid yet",
            Self::Audience(_) => {
                "the token is meant for another service; ask for one with the audience of this"
            }
            Self::NoKeys => "the token cannot be checked at the moment",
            Self::NoRule(_) => "the token is valid, and allows nothing here",
        }
    }
}
