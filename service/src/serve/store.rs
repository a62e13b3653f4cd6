//! From the configuration's words to the state's settings.

use std::path::PathBuf;

use tenantguard::identity::{NameError, TenantId};

use crate::config::{SessionsSource, StoreSource};
use crate::state::{SessionLimits, StoreSettings};
use crate::store::{RedisAddress, RedisAddressError, RedisSettings};

/// Why a store's address is none.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreUrlError {
    /// Of no kind that is known. The address is not shown: it may have a password in it.
    #[error("{setting}: {reason}; or write file:PATH for the embedded store")]
    Redis {
        /// Where.
        setting: String,
        /// What is wrong with it.
        reason: RedisAddressError,
    },
    /// A tenant that is none.
    #[error("[{table}] tenant {name:?} {reason}")]
    Tenant {
        /// Where.
        table: &'static str,
        /// What it says.
        name: String,
        /// What is wrong with it.
        reason: NameError,
    },
}

/// Where state is kept.
pub(super) fn settings(source: &StoreSource) -> Result<StoreSettings, StoreUrlError> {
    if let Some(path) = source.url.strip_prefix("file:") {
        return Ok(StoreSettings::Embedded { path: PathBuf::from(path) });
    }
    let redis = |setting: &str, url: &str| {
        let address: RedisAddress = url
            .parse()
            .map_err(|reason| StoreUrlError::Redis { setting: setting.to_owned(), reason })?;
        Ok(RedisSettings { ca: source.ca.clone(), ..RedisSettings::new(address) })
    };
    let tenants = source.tenants.iter().map(|(name, url)| {
        let setting = format!("store.tenants.{name}");
        Ok((tenant("store.tenants", name)?, redis(&setting, url)?))
    });
    Ok(StoreSettings::Redis {
        journal: source.journal.clone(),
        main: Box::new(redis("store.url", &source.url)?),
        tenants: tenants.collect::<Result<_, StoreUrlError>>()?,
    })
}

fn tenant(table: &'static str, name: &str) -> Result<TenantId, StoreUrlError> {
    TenantId::parse(name).map_err(|reason| StoreUrlError::Tenant {
        table,
        name: name.to_owned(),
        reason,
    })
}

/// Limits of sessions.
pub(super) fn session_limits(source: &SessionsSource) -> Result<SessionLimits, StoreUrlError> {
    let tenants = source
        .tenants
        .iter()
        .map(|(name, idle)| Ok((tenant("sessions.tenants", name)?, idle.get())));
    Ok(SessionLimits {
        idle: source.idle.get(),
        lifetime: source.lifetime.get(),
        per_principal: source.per_principal,
        tenants: tenants.collect::<Result<_, _>>()?,
    })
}
