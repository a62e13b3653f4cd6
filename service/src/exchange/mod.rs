//! Token exchange (RFC 8693): a partner's token in, a delegation token out, which is good for one
//! other tenant's data, under one delegation, for one audience, for minutes.
//!
//! `grant` finds the delegation, `claims` writes the new token, `key`, `rotation`, `file` and `keys`
//! are what it is signed with. Proxies trust it as one more issuer of their policy, one with
//! `delegation_tokens: true`.

mod claims;
mod error;
mod file;
mod grant;
mod key;
mod keys;
mod rotation;

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tenantguard::artifact::Policy;
use tenantguard::control::TenantStatus;
use tenantguard::gate::Identity;
use tenantguard::identity::TenantId;
use tenantguard::permissions::PermissionSet;
use tenantguard::trust::IssuerKeys;
use tokio_util::sync::CancellationToken;

use self::claims::{Parts, SubjectClaims};
pub use self::error::{ExchangeError, GrantError};
pub use self::file::KeyFileError;
use self::grant::{Grant, Wanted};
pub use self::key::{KeyError, SigningAlgorithm};
use self::keys::Keys;
use self::rotation::Rotation;
use crate::auth::{PeerCertificate, Reach, Tokens, live};
use crate::config::ExchangeSettings;
use crate::delegation::{Delegations, Filter};
use crate::state::Control;

/// How long a key is known at least before it signs.
const ANNOUNCED: Duration = Duration::from_secs(15 * 60);
/// How far a proxy's clock may be off, and its issuer's beside it.
const SKEW: Duration = Duration::from_secs(10 * 60);
/// How often it is looked whether a key is due.
const TICK: Duration = Duration::from_secs(10);

/// Exchanges tokens.
pub struct Exchange {
    issuer: String,
    lifetime: Duration,
    signs: Duration,
    keys: Keys,
    tokens: Arc<Tokens>,
    control: Control,
    delegations: Delegations,
}

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// The token that is exchanged.
    pub subject_token: String,
    /// Whom the new one is for.
    pub audience: Option<String>,
    /// What it is for.
    pub scope: Option<String>,
    /// Under which delegation.
    pub delegation: Option<String>,
    /// For which tenant's data.
    pub tenant: Option<String>,
}

/// A new token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// The token.
    pub token: String,
    /// How many seconds it lives.
    pub lives: u64,
    /// What it may do.
    pub scope: String,
}

impl Exchange {
    /// With the keys in the settings' file, which are made if there are none.
    ///
    /// # Errors
    /// [`KeyFileError`]
    pub fn open(
        settings: &ExchangeSettings,
        issuer: String,
        tokens: Arc<Tokens>,
        control: Control,
        delegations: Delegations,
    ) -> Result<Self, KeyFileError> {
        let (lifetime, signs) = (settings.lifetime, settings.rotate);
        let rotation = rotation(&tokens, &issuer, lifetime, signs);
        let now = control.now().as_secs();
        let keys = Keys::open(settings.keys.clone(), settings.algorithm, &rotation, now)?;
        Ok(Self { issuer, lifetime, signs, keys, tokens, control, delegations })
    }

    /// What it calls itself in tokens.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// What its tokens are verified by (RFC 7517).
    #[must_use]
    pub fn jwks(&self) -> Value {
        self.keys.jwks()
    }

    /// Has keys come and go until the service goes down.
    pub async fn rotate(self: Arc<Self>, shutdown: CancellationToken) {
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(TICK) => {}
            }
            let rotation = rotation(&self.tokens, &self.issuer, self.lifetime, self.signs);
            match self.keys.rotate(&rotation, self.control.now().as_secs()) {
                Ok(true) => tracing::info!("the keys of the exchange have changed"),
                Ok(false) => {}
                Err(error) => tracing::error!(%error, "the keys of the exchange stay as they are"),
            }
        }
    }

    /// Who the subject token speaks for, if it is good, and shown by whom it is for.
    ///
    /// # Errors
    /// [`ExchangeError`]
    pub async fn identify(
        &self,
        token: &str,
        certificate: Option<&PeerCertificate>,
    ) -> Result<Identity, ExchangeError> {
        let identity = self.tokens.identify(token).await.map_err(ExchangeError::Token)?;
        identity.is_shown_by(certificate.map(PeerCertificate::digest))?;
        if self.control.refusal(&live::bearer(&identity)).is_some() {
            return Err(ExchangeError::Revoked);
        }
        match self.tokens.is_delegation_token(&identity) {
            true => Err(ExchangeError::Transitive),
            false => Ok(identity),
        }
    }

    /// A delegation token for the bearer of the subject token.
    ///
    /// # Errors
    /// [`ExchangeError`]
    pub fn exchange(&self, identity: &Identity, asked: &Asked) -> Result<Issued, ExchangeError> {
        let gate = self.tokens.gate();
        let policy = gate.policy();
        let issuer = policy.find_issuer(&identity.issuer).map(|(_, issuer)| issuer);
        let issuer = issuer.ok_or(ExchangeError::Revoked)?;
        let subject = SubjectClaims::of(identity, issuer);
        let audience = audience(&subject.audiences(issuer), asked.audience.as_deref())?;
        let target = target(&subject, asked)?;
        let powers = powers(policy, identity, asked.scope.as_deref());
        let grant = self.grant(policy, identity, target, audience, &powers)?;
        let is_given = |name: &&String| grant.permissions.contains(name);
        let scope: Vec<&str> = powers.iter().filter(is_given).map(String::as_str).collect();
        if scope.is_empty() {
            return Err(ExchangeError::Scope);
        }
        let scope = scope.join(" ");
        let (issued, expires) = self.times(policy, identity, &grant)?;
        let id = random_id()?;
        let parts = Parts {
            issuer: &self.issuer,
            identity,
            subject: &subject,
            grant: &grant,
            audience,
            scope: &scope,
            id,
            issued,
            expires,
        };
        let token = self.keys.sign(&parts.claims(), issued)?;
        tracing::info!(
            principal = %identity.principal(), tenant = %identity.tenant(),
            delegation = grant.id, delegator = grant.from, scope, "exchanged"
        );
        Ok(Issued { token, lives: expires - issued, scope })
    }

    fn grant(
        &self,
        policy: &Policy,
        identity: &Identity,
        (id, from): (Option<String>, Option<String>),
        audience: &str,
        powers: &[String],
    ) -> Result<Grant, ExchangeError> {
        let to = identity.tenant();
        match (&id, &from) {
            (None, None) => return Err(ExchangeError::Unnamed),
            (_, Some(from)) if from == to.as_str() => return Err(ExchangeError::Home(to.clone())),
            _ => {}
        }
        let living = match id.as_deref().map(TenantId::parse) {
            Some(Err(_)) => Vec::new(),
            Some(Ok(id)) => self.control.delegation(&id).into_iter().collect(),
            None => {
                let filter = Filter { to: Some(to.clone()), ..Filter::default() };
                self.delegations.list(&filter, &Reach::Everywhere, None, usize::MAX)
            }
        };
        let now = self.control.now().as_secs();
        let (id, from) = (id.as_deref(), from.as_deref());
        let principal = identity.principal().as_str();
        let wanted = Wanted { policy, principal, to, id, from, audience, now };
        let found = wanted.find(&living, |name| powers.iter().any(|own| own == name));
        let found = found.map_err(ExchangeError::Delegation)?;
        match self.is_active(&found.from) {
            true => Ok(found),
            false => Err(ExchangeError::Delegation(GrantError::Delegator)),
        }
    }

    /// Whether the tenant whose data it is may act itself.
    fn is_active(&self, id: &str) -> bool {
        let Ok(id) = TenantId::parse(id) else { return false };
        let is_deleted = |status| status == TenantStatus::Deleted;
        let is_there = !self.control.tenant(&id).is_some_and(|entry| is_deleted(entry.status));
        is_there && self.control.refusal(&live::tenant(&id)).is_none()
    }

    fn times(
        &self,
        policy: &Policy,
        identity: &Identity,
        grant: &Grant,
    ) -> Result<(u64, u64), ExchangeError> {
        let issued = self.tokens.now().wall.as_secs();
        let limit = policy.cross_tenant().max_lifetime.unwrap_or(self.lifetime);
        let ends = issued.saturating_add(limit.min(self.lifetime).as_secs());
        let expires = ends.min(identity.expires.as_secs()).min(grant.expires);
        if expires > issued { Ok((issued, expires)) } else { Err(ExchangeError::Over) }
    }
}

/// Proxies must have a key before it signs, however seldom they fetch keys.
fn rotation(tokens: &Tokens, issuer: &str, lifetime: Duration, signs: Duration) -> Rotation {
    let gate = tokens.gate();
    let refresh = gate.policy().find_issuer(issuer).and_then(|(_, issuer)| match &issuer.keys {
        IssuerKeys::Remote(source) => Some(source.refresh),
        IssuerKeys::Inline(_) => None,
    });
    let announced = refresh.map_or(ANNOUNCED, |refresh| ANNOUNCED.max(refresh * 2));
    Rotation { signs, announced, kept: lifetime + SKEW }
}

/// The delegation and the tenant, as the subject token or the request names them.
fn target(
    subject: &SubjectClaims,
    asked: &Asked,
) -> Result<(Option<String>, Option<String>), ExchangeError> {
    let named = |claim: &'static str, asked: Option<&str>| match (subject.text(claim), asked) {
        (Some(own), Some(asked)) if own != asked => Err(ExchangeError::Contradiction(claim)),
        (own, asked) => Ok(asked.or(own).map(str::to_owned)),
    };
    let delegation = named("delegation_id", asked.delegation.as_deref())?;
    Ok((delegation, named("delegated_tenant_id", asked.tenant.as_deref())?))
}

/// The one that is asked for, or the only one there is.
fn audience<'a>(own: &[&'a str], asked: Option<&str>) -> Result<&'a str, ExchangeError> {
    match (asked, own) {
        (Some(asked), own) => {
            own.iter().find(|own| **own == asked).copied().ok_or(ExchangeError::Audience)
        }
        (None, [only]) => Ok(only),
        (None, _) => Err(ExchangeError::Audiences),
    }
}

/// What the bearer may do at home, as far as it is asked for.
fn powers(policy: &Policy, identity: &Identity, scope: Option<&str>) -> Vec<String> {
    let asked = scope.map(|scope| {
        let mut set = PermissionSet::new();
        scope.split(' ').for_each(|name| policy.add_scope(name, &mut set));
        set.iter().filter_map(|id| policy.permission(id)).collect::<Vec<_>>()
    });
    let own = identity.scope().split(' ').filter(|name| !name.is_empty());
    let own = own.filter(|name| asked.as_ref().is_none_or(|asked| asked.contains(name)));
    own.map(str::to_owned).collect()
}

fn random_id() -> Result<String, KeyError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| KeyError::Random)?;
    Ok(base16ct::lower::encode_string(&bytes))
}
