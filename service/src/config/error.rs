//! Why a configuration cannot be served: what, where, and what to do.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use tenantguard::identity::NameError;

use super::units::Span;
use crate::auth::CredentialError;

/// Why a configuration cannot be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {}: {source}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is wrong.
    #[error("{}: {reason}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The line, and what is wrong with it.
        reason: String,
    },
    /// A variable is wrong.
    #[error("the variable {name}: {reason}")]
    Variable {
        /// The variable.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A flag is wrong.
    #[error("{name}: {reason}")]
    Flag {
        /// The flag.
        name: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The layers together are wrong.
    #[error("the configuration: {reason}")]
    Whole {
        /// What is wrong.
        reason: String,
    },
    /// Anybody on the network could read credentials.
    #[error(
        "listen = \"{listen}\" is reached from other machines, and without TLS everybody between \
         could read credentials"
    )]
    PlainElsewhere {
        /// The address.
        listen: SocketAddr,
    },
    /// A poll would be held for too long, or the lease would run out while it is held.
    #[error(
        "[feed] hold = {hold}, lease = {lease}: a poll is held at most 1s, and a lease is at least \
         twice as long"
    )]
    Feed {
        /// The hold.
        hold: Span,
        /// The lease.
        lease: Span,
    },
    /// Keys would come from anybody.
    #[error(
        "[keys] {cluster} = {url:?}: keys come over https, or from this machine: \
         https://host[:port], without a path"
    )]
    KeyHost {
        /// The cluster.
        cluster: String,
        /// Where it is said to be.
        url: String,
    },
    /// Nobody could call.
    #[error("nobody could call the service: [auth] names no credential, certificate or token role")]
    NoCallers,
    /// Tokens have nothing to be verified by.
    #[error("[auth.tokens] gives roles to tokens, and there is no policy to verify tokens by")]
    TokensWithoutPolicy,
    /// Tokens that are exchanged have nothing to be verified by.
    #[error("[exchange] exchanges tokens, and there is no policy to verify them by")]
    ExchangeWithoutPolicy,
    /// Tokens would live too long, or keys not long enough.
    #[error(
        "[exchange] lifetime = {lifetime}, rotate = {rotate}: a token lives for 1s to 300s, and a \
         key signs for at least 3600s"
    )]
    Exchange {
        /// How long one key signs.
        rotate: Span,
        /// How long a token lives.
        lifetime: Span,
    },
    /// Certificates have nothing to be verified by.
    #[error(
        "[[auth.certificates]] names certificates, and [tls] has no client_ca to trust them by"
    )]
    CertificatesWithoutAuthority,
    /// An administrator of no tenant, or a tenant for another role.
    #[error("[auth] {name}: {reason}")]
    Caller {
        /// The caller.
        name: String,
        /// What is wrong.
        reason: CallerError,
    },
}

/// Why a caller of the configuration is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallerError {
    /// The digest is none.
    #[error("sha256 {0}")]
    Digest(CredentialError),
    /// The tenant is none.
    #[error("tenant {0}")]
    Tenant(NameError),
    /// Its tenant is not named.
    #[error("a tenant_admin needs the tenant that it administers: tenant = \"...\"")]
    TenantMissing,
    /// A tenant for a role that has none.
    #[error("only a tenant_admin has a tenant")]
    TenantUnused,
    /// The name is used in logs and records.
    #[error("a name is 1 to 128 visible ASCII characters")]
    Name,
    /// Another caller has it.
    #[error("another caller has the same {0}")]
    Twice(&'static str),
    /// A permission that is none.
    #[error("{0:?} is no permission of the form resource:action")]
    Permission(String),
}

impl ConfigError {
    /// What to do, where the message alone does not say it.
    #[must_use]
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::PlainElsewhere { .. } => {
                Some("give [tls] a certificate and a key, or listen on 127.0.0.1")
            }
            Self::NoCallers => Some(
                "make a first one with `tenantguard serve credential --name admin --role admin \
                 --out admin.credential >> control.toml`",
            ),
            Self::TokensWithoutPolicy | Self::ExchangeWithoutPolicy => {
                Some("set policy = \"policy.yaml\"")
            }
            Self::CertificatesWithoutAuthority => Some("set client_ca under [tls]"),
            Self::Read { .. } => Some("check the path given with --config"),
            _ => None,
        }
    }
}
