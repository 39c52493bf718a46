use crate::oci::text::excerpt;

/// The longest token that is read, in bytes. Those of Entra ID, the largest in use, reach some 10 kB with all groups.
pub(super) const LONGEST_TOKEN: usize = 16 * 1024;

/// Why a token is not accepted. Its text is for the log: parts of the token are short and escaped, and the token itself
/// and its signature are never repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is longer than any real token.
    #[error("it has {0} bytes, and at most {most} are read", most = LONGEST_TOKEN)]
    TooLong(usize),
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Malformed(String),
    /// Its signature algorithm is not accepted, or it is not signed.
    #[error("it is not signed by an algorithm that is accepted for its key: {0}")]
    Algorithm(String),
    /// The configuration does not name its issuer.
    #[error("its issuer {0} is in no [[oidc]]")]
    UnknownIssuer(String),
    /// Its issuer has no such key.
    #[error("its issuer has no key {0}")]
    UnknownKey(String),
    /// It was not signed by the key that it names.
    #[error("its signature is not of the key that it names")]
    Signature,
    /// It has expired.
    #[error("it expired at {0}")]
    Expired(String),
    /// It is not valid yet.
    #[error("it is not valid before {0}; are the clocks of this machine and of its issuer right?")]
    NotYetValid(String),
    /// Its audience is another service.
    #[error("it is meant for {0}, which is none of the audiences in its issuer's [[oidc]]")]
    Audience(String),
    /// It was not made for the login that it came with.
    #[error("its nonce is not that of this login")]
    Nonce,
    /// The keys of its issuer are not available at the moment.
    #[error("the keys of its issuer are not to be had")]
    NoKeys,
    /// It is valid, but no rule allows its claims anything. Names the claims that would be allowed something.
    #[error("it is valid, but no rule in its issuer's [[oidc]] matches; there would have to be {0}")]
    NoRule(String),
}

impl Refusal {
    pub(super) fn unknown_issuer(issuer: &str) -> Self {
        Self::UnknownIssuer(excerpt(issuer))
    }

    /// The reason as one of a few words, for metrics and logs.
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
            Self::Nonce => "nonce",
            Self::NoKeys => "no_keys",
            Self::NoRule(_) => "no_rule",
        }
    }

    /// The message for the sender: enough to correct the request, and nothing about the configuration of the service. It may
    /// stand in a header.
    pub fn public_message(&self) -> &'static str {
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
            Self::Nonce => "the token was made for another login",
            Self::NoKeys => "the token cannot be checked at the moment",
            Self::NoRule(_) => "the token is valid, and allows nothing here",
        }
    }
}
