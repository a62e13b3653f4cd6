//! Who may call, checked.

use std::collections::HashMap;
use std::sync::Arc;

use tenantguard::identity::{PermissionName, TenantId};

use super::error::{CallerError, ConfigError};
use super::source::{AuthSource, CertificateSource, CredentialSource, RoleName, TokensSource};
use crate::auth::{Caller, CredentialDigest, Role, SubjectName};

/// Who may call.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// Callers with a secret, by its digest.
    pub credentials: HashMap<CredentialDigest, Caller>,
    /// Callers with a certificate, by a name in it.
    pub certificates: HashMap<SubjectName, Caller>,
    /// What tokens need to have a role.
    pub tokens: Option<TokenRoles>,
}

/// The permissions that make the bearer of a token one of the roles. The first that it has counts;
/// a tenant's administrator administers the token's tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRoles {
    rows: Vec<(PermissionName, RoleName)>,
    /// What it takes to look after the delegations of the token's tenant, whatever the role.
    delegations: PermissionName,
}

impl TokenRoles {
    /// Who a token's bearer is by the permissions that are in effect for it.
    pub fn caller(
        &self,
        has: impl Fn(&PermissionName) -> bool,
        name: Arc<str>,
        tenant: &TenantId,
    ) -> Option<Caller> {
        let delegates_for = has(&self.delegations).then(|| tenant.clone());
        let role = self.rows.iter().find(|(permission, _)| has(permission)).map(|(_, role)| role);
        let role = match (role, &delegates_for) {
            (Some(RoleName::Admin), _) => Role::Admin,
            (Some(RoleName::TenantAdmin), _) => Role::TenantAdmin(tenant.clone()),
            (Some(RoleName::Proxy), _) => Role::Proxy,
            (Some(RoleName::Auditor), _) => Role::Auditor,
            (None, Some(tenant)) => Role::DelegationAdmin(tenant.clone()),
            (None, None) => return None,
        };
        Some(Caller::new(name, role).delegating_for(delegates_for))
    }

    fn check(source: TokensSource) -> Result<Self, CallerError> {
        let parse =
            |name: String| PermissionName::parse(&name).map_err(|_| CallerError::Permission(name));
        let rows = [
            (source.admin, RoleName::Admin),
            (source.tenant_admin, RoleName::TenantAdmin),
            (source.proxy, RoleName::Proxy),
            (source.auditor, RoleName::Auditor),
        ];
        let rows = rows.into_iter().filter_map(|(name, role)| Some((name?, role)));
        let rows = rows.map(|(name, role)| Ok((parse(name)?, role)));
        let rows = rows.collect::<Result<_, _>>()?;
        Ok(Self { rows, delegations: parse(source.delegations)? })
    }
}

impl Access {
    pub(super) fn check(source: AuthSource) -> Result<Self, ConfigError> {
        let mut access = Self::default();
        for credential in source.credentials {
            let name = credential.name.clone();
            access.credential(credential).map_err(|reason| ConfigError::Caller { name, reason })?;
        }
        for certificate in source.certificates {
            let name = certificate.san.clone();
            access
                .certificate(certificate)
                .map_err(|reason| ConfigError::Caller { name, reason })?;
        }
        if let Some(tokens) = source.tokens {
            let roles = TokenRoles::check(tokens)
                .map_err(|reason| ConfigError::Caller { name: "tokens".into(), reason })?;
            access.tokens = Some(roles);
        }
        let nobody = access.credentials.is_empty()
            && access.certificates.is_empty()
            && access.tokens.is_none();
        if nobody { Err(ConfigError::NoCallers) } else { Ok(access) }
    }

    /// Whether tokens are to be verified.
    #[must_use]
    pub fn needs_policy(&self) -> bool {
        self.tokens.is_some()
    }

    /// Whether clients' certificates are to be verified.
    #[must_use]
    pub fn needs_client_ca(&self) -> bool {
        !self.certificates.is_empty()
    }

    fn credential(&mut self, source: CredentialSource) -> Result<(), CallerError> {
        let digest = CredentialDigest::parse(&source.sha256).map_err(CallerError::Digest)?;
        let caller = caller(&source.name, source.role, source.tenant)?;
        if self.credentials.values().any(|other| other.name() == caller.name()) {
            return Err(CallerError::Twice("name"));
        }
        match self.credentials.insert(digest, caller) {
            Some(_) => Err(CallerError::Twice("sha256")),
            None => Ok(()),
        }
    }

    fn certificate(&mut self, source: CertificateSource) -> Result<(), CallerError> {
        let name = source.name.as_deref().unwrap_or(&source.san);
        let caller = caller(name, source.role, source.tenant)?;
        match self.certificates.insert(SubjectName::new(&source.san), caller) {
            Some(_) => Err(CallerError::Twice("san")),
            None => Ok(()),
        }
    }
}

fn caller(name: &str, role: RoleName, tenant: Option<String>) -> Result<Caller, CallerError> {
    let is_name = (1..=128).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_graphic());
    if !is_name {
        return Err(CallerError::Name);
    }
    let role = match (role, tenant) {
        (RoleName::TenantAdmin, Some(tenant)) => {
            Role::TenantAdmin(TenantId::parse(&tenant).map_err(CallerError::Tenant)?)
        }
        (RoleName::TenantAdmin, None) => return Err(CallerError::TenantMissing),
        (_, Some(_)) => return Err(CallerError::TenantUnused),
        (RoleName::Admin, None) => Role::Admin,
        (RoleName::Proxy, None) => Role::Proxy,
        (RoleName::Auditor, None) => Role::Auditor,
    };
    Ok(Caller::new(name, role))
}
