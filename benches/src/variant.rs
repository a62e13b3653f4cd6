//! The variants that are compared: what each listener does to a request, and with which
//! tokens it is measured.

use clap::{ValueEnum, builder::PossibleValue};
use tenantguard_mint::Algorithm;

use crate::arguments::Arguments;

/// One way to handle a request, with a listener of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Variant {
    /// Envoy and its router, nothing else.
    NoFilter,
    /// A wasm filter that does nothing.
    NoopWasm,
    /// A wasm filter that has the host verify the token and sets the headers that `Native` sets.
    LeastWasmCold,
    /// A wasm filter that sets the headers that `NativeCachedNoLog` sets, without an access log.
    LeastWasmNoLog,
    /// A wasm filter that makes the calls into the host of `OursNoLog`, without an access log.
    CallsWasmNoLog,
    /// `CallsWasmNoLog`, and the call by which TenantGuard hears that something was revoked.
    CallsAndBellWasmNoLog,
    /// `jwt_authn` and `rbac`; every request verifies the signature.
    Native,
    /// The same with `jwt_cache_config`.
    NativeCached,
    /// The same as `NativeCached`, with as many headers and log lines as `Ours`.
    NativeCachedEqual,
    /// The same as `NativeCached`, without an access log.
    NativeCachedNoLog,
    /// `Native` with many issuers.
    NativeMany,
    /// TenantGuard without its token cache; every request verifies the signature.
    OursCold,
    /// TenantGuard.
    Ours,
    /// TenantGuard once more: how far two rows differ that are the same.
    OursAgain,
    /// TenantGuard, following a control service.
    OursControlled,
    /// TenantGuard, without access logs (the records are still made).
    OursNoLog,
    /// `OursCold` with many issuers.
    OursManyCold,
    /// `Ours` with many issuers.
    OursMany,
}

/// All variants, in the order of the table.
impl ValueEnum for Variant {
    fn value_variants<'a>() -> &'a [Self] {
        &[
            Self::NoFilter,
            Self::NoopWasm,
            Self::Native,
            Self::LeastWasmCold,
            Self::OursCold,
            Self::NativeCached,
            Self::NativeCachedEqual,
            Self::Ours,
            Self::OursAgain,
            Self::OursControlled,
            Self::NativeCachedNoLog,
            Self::LeastWasmNoLog,
            Self::CallsWasmNoLog,
            Self::CallsAndBellWasmNoLog,
            Self::OursNoLog,
            Self::NativeMany,
            Self::OursManyCold,
            Self::OursMany,
        ]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.id()).help(self.title()))
    }
}

impl Variant {
    /// What this run measures: what was asked for, else everything; ours only if there is a
    /// filter.
    pub(crate) fn selected(arguments: &Arguments) -> Vec<Self> {
        let (only, ours) = (&arguments.only, arguments.filter.is_some());
        let all = Self::value_variants().iter().copied();
        all.filter(|variant| only.is_empty() || only.contains(variant))
            .filter(|variant| ours || !variant.is_ours())
            .collect()
    }

    /// Its listener's name, and its name in JSON and on the command line.
    pub(crate) const fn id(self) -> &'static str {
        match self {
            Self::NoFilter => "no_filter",
            Self::NoopWasm => "noop_wasm",
            Self::LeastWasmCold => "least_wasm_cold",
            Self::LeastWasmNoLog => "least_wasm_no_log",
            Self::CallsWasmNoLog => "calls_wasm_no_log",
            Self::CallsAndBellWasmNoLog => "calls_and_bell_wasm_no_log",
            Self::Native => "native",
            Self::NativeCached => "native_cached",
            Self::NativeCachedEqual => "native_cached_equal",
            Self::NativeCachedNoLog => "native_cached_no_log",
            Self::NativeMany => "native_500",
            Self::OursCold => "tenantguard_cold",
            Self::Ours => "tenantguard",
            Self::OursAgain => "tenantguard_again",
            Self::OursControlled => "tenantguard_controlled",
            Self::OursNoLog => "tenantguard_no_log",
            Self::OursManyCold => "tenantguard_500_cold",
            Self::OursMany => "tenantguard_500",
        }
    }

    /// Its name in the table.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::NoFilter => "no filter",
            Self::NoopWasm => "wasm filter that does nothing",
            Self::LeastWasmCold => "wasm filter that has the host verify, and sets four headers",
            Self::LeastWasmNoLog => "wasm filter that sets four headers, no access log",
            Self::CallsWasmNoLog => "wasm filter with TenantGuard's calls alone, no access log",
            Self::CallsAndBellWasmNoLog => {
                "wasm filter with TenantGuard's calls and the bell's, no access log"
            }
            Self::Native => "jwt_authn + rbac, no cache",
            Self::NativeCached => "jwt_authn with cache + rbac",
            Self::NativeCachedEqual => "jwt_authn with cache + rbac, equal headers and log lines",
            Self::NativeCachedNoLog => "jwt_authn with cache + rbac, no access log",
            Self::NativeMany => "jwt_authn + rbac, no cache, 500 issuers",
            Self::OursCold => "TenantGuard, token cache off",
            Self::Ours => "TenantGuard",
            Self::OursAgain => "TenantGuard once more",
            Self::OursControlled => "TenantGuard with a control service",
            Self::OursNoLog => "TenantGuard, no access log",
            Self::OursManyCold => "TenantGuard, token cache off, 500 issuers",
            Self::OursMany => "TenantGuard, 500 issuers",
        }
    }

    pub(crate) const fn is_ours(self) -> bool {
        matches!(
            self,
            Self::OursCold
                | Self::Ours
                | Self::OursAgain
                | Self::OursControlled
                | Self::OursNoLog
                | Self::OursManyCold
                | Self::OursMany
        )
    }

    /// Whether it decides who may pass.
    pub(crate) const fn guards(self) -> bool {
        !matches!(
            self,
            Self::NoFilter
                | Self::NoopWasm
                | Self::LeastWasmCold
                | Self::LeastWasmNoLog
                | Self::CallsWasmNoLog
                | Self::CallsAndBellWasmNoLog
        )
    }

    /// What it answers without a token, and to a tenant that nobody knows.
    pub(crate) const fn refusals(self) -> [u16; 2] {
        match self {
            // It lets those tokens pass whose signatures it can have verified.
            Self::LeastWasmCold => [401, 401],
            _ if self.guards() => [401, 403],
            _ => [200, 200],
        }
    }

    /// Whether it knows a token that it has seen before.
    pub(crate) const fn remembers(self) -> bool {
        matches!(
            self,
            Self::NativeCached
                | Self::NativeCachedEqual
                | Self::NativeCachedNoLog
                | Self::Ours
                | Self::OursAgain
                | Self::OursControlled
                | Self::OursNoLog
                | Self::OursMany
        )
    }

    pub(crate) const fn logs(self) -> bool {
        !matches!(
            self,
            Self::NativeCachedNoLog
                | Self::LeastWasmNoLog
                | Self::CallsWasmNoLog
                | Self::CallsAndBellWasmNoLog
                | Self::OursNoLog
        )
    }

    /// Whether it trusts many issuers.
    pub(crate) const fn has_many_issuers(self) -> bool {
        matches!(self, Self::NativeMany | Self::OursManyCold | Self::OursMany)
    }

    /// Whether tokens of this algorithm are measured. `EdDSA` only where its verification
    /// shows, and where that is told from the rest.
    pub(crate) const fn measures(self, algorithm: Algorithm) -> bool {
        match algorithm {
            Algorithm::EdDsa => matches!(self, Self::NoFilter | Self::Native | Self::OursCold),
            _ => true,
        }
    }
}
