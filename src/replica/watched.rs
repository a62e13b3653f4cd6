//! What of a token a replica is asked about: its handles, and their shorts, made once for each
//! token and kept with it.

use crate::control::{HandleKind, Handles, ReplicaKey, Short, Target};
use crate::identity::TenantId;

/// A token as a replica knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    handles: Handles,
    tenant: TenantId,
    /// What stands for its tenant's name.
    named: Short,
    /// In the order in which they are asked about.
    shorts: [Option<Short>; 5],
    issued: u64,
    expires: u64,
    skew: u64,
}

impl Watched {
    /// Of a token's handles, with its `iat`, its `exp` and its issuer's skew in seconds.
    #[must_use]
    pub fn new(
        key: &ReplicaKey,
        handles: Handles,
        tenant: TenantId,
        [issued, expires, skew]: [u64; 3],
    ) -> Self {
        let shorts = handles.in_order().map(|(_, target)| target.map(|it| key.short(it)));
        let named = key.short_of_tenant(tenant.as_str());
        Self { handles, tenant, named, shorts, issued, expires, skew }
    }

    /// Everything that a revocation could name it by.
    #[must_use]
    pub fn handles(&self) -> &Handles {
        &self.handles
    }

    /// Its tenant.
    #[must_use]
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// What stands for its tenant's name.
    pub(super) fn named(&self) -> Short {
        self.named
    }

    /// Its `iat`, in seconds.
    #[must_use]
    pub fn issued(&self) -> u64 {
        self.issued
    }

    /// Its issuer's skew, in seconds.
    #[must_use]
    pub fn skew(&self) -> u64 {
        self.skew
    }

    /// Its `exp`, in seconds.
    pub(super) fn expires(&self) -> u64 {
        self.expires
    }

    /// The handles that it has, in the order in which they are asked about.
    pub(super) fn shorts(&self) -> impl Iterator<Item = (HandleKind, Short)> {
        let kinds = self.handles.in_order().map(|(kind, _)| kind);
        kinds.into_iter().zip(self.shorts).filter_map(|(kind, short)| Some((kind, short?)))
    }
}

impl Handles {
    /// Each kind with what there is of it: token, session, principal, tenant, key.
    fn in_order(&self) -> [(HandleKind, Option<&Target>); 5] {
        [
            (HandleKind::Token, Some(&self.token)),
            (HandleKind::Session, self.session.as_ref()),
            (HandleKind::Principal, Some(&self.principal)),
            (HandleKind::Tenant, Some(&self.tenant)),
            (HandleKind::Key, self.key.as_ref()),
        ]
    }
}
