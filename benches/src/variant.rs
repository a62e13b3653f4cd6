//! The variants that are compared: what each listener does to a request. Uses nothing.

use crate::arguments::Arguments;

/// One way to handle a request, with a listener of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Variant {
    /// Envoy and its router, nothing else.
    NoFilter,
    /// A wasm filter that does nothing.
    NoopWasm,
    /// `jwt_authn` and `rbac`; every request verifies the signature.
    Native,
    /// The same with `jwt_cache_config`.
    NativeCached,
    /// The same as `NativeCached`, without an access log.
    NativeCachedNoLog,
    /// TenantGuard.
    Ours,
    /// TenantGuard, without access logs (the records are still made).
    OursNoLog,
}

impl Variant {
    const ALL: [Self; 7] = [
        Self::NoFilter,
        Self::NoopWasm,
        Self::Native,
        Self::NativeCached,
        Self::Ours,
        Self::NativeCachedNoLog,
        Self::OursNoLog,
    ];

    /// What this run can measure: ours only if there is a filter.
    pub(crate) fn selected(arguments: &Arguments) -> Vec<Self> {
        let ours = arguments.filter.is_some();
        Self::ALL.into_iter().filter(|variant| ours || !variant.is_ours()).collect()
    }

    /// Its listener's name, and its name in JSON.
    pub(crate) const fn id(self) -> &'static str {
        match self {
            Self::NoFilter => "no_filter",
            Self::NoopWasm => "noop_wasm",
            Self::Native => "native",
            Self::NativeCached => "native_cached",
            Self::NativeCachedNoLog => "native_cached_no_log",
            Self::Ours => "tenantguard",
            Self::OursNoLog => "tenantguard_no_log",
        }
    }

    /// Its name in the table.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::NoFilter => "no filter",
            Self::NoopWasm => "wasm filter that does nothing",
            Self::Native => "jwt_authn + rbac, no cache",
            Self::NativeCached => "jwt_authn with cache + rbac",
            Self::NativeCachedNoLog => "jwt_authn with cache + rbac, no access log",
            Self::Ours => "TenantGuard",
            Self::OursNoLog => "TenantGuard, no access log",
        }
    }

    pub(crate) const fn is_ours(self) -> bool {
        matches!(self, Self::Ours | Self::OursNoLog)
    }

    /// Whether it refuses a request that has no right to pass.
    pub(crate) const fn guards(self) -> bool {
        !matches!(self, Self::NoFilter | Self::NoopWasm)
    }

    pub(crate) const fn logs(self) -> bool {
        !matches!(self, Self::NativeCachedNoLog | Self::OursNoLog)
    }
}
