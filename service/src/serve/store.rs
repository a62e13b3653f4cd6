//! From the configuration's words to the state's settings.

use std::path::PathBuf;

use tenantguard::identity::{NameError, TenantId};

use crate::config::{SessionsSource, StoreSource, TenantStoreSource};
use crate::state::{SessionLimits, StoreSettings};
use crate::store::{RedisAddress, RedisAddressError, RedisClientFiles, RedisSettings};

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
    /// Half of what a client shows.
    #[error("[{setting}] certificate and key go together: give both, or none")]
    Pair {
        /// Where.
        setting: String,
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
    let tenants = source.tenants.iter().map(|(name, own)| {
        let setting = format!("store.tenants.{name}");
        Ok((tenant("store.tenants", name)?, tenants_redis(&setting, source, own)?))
    });
    Ok(StoreSettings::Redis {
        journal: source.journal.clone(),
        main: Box::new(RedisSettings {
            username_file: source.username_file.clone(),
            password_file: source.password_file.clone(),
            ca: source.ca.clone(),
            client: client("store", source.certificate.as_ref(), source.key.as_ref())?,
            ..RedisSettings::new(address("store", &source.url)?)
        }),
        tenants: tenants.collect::<Result<_, StoreUrlError>>()?,
    })
}

fn tenants_redis(
    setting: &str,
    main: &StoreSource,
    own: &TenantStoreSource,
) -> Result<RedisSettings, StoreUrlError> {
    let (certificate, key) = match (&own.certificate, &own.key) {
        (None, None) => (&main.certificate, &main.key),
        pair => pair,
    };
    let settings = RedisSettings {
        username_file: own.username_file.clone(),
        password_file: own.password_file.clone(),
        ca: own.ca.clone().or_else(|| main.ca.clone()),
        client: client(setting, certificate.as_ref(), key.as_ref())?,
        ..RedisSettings::new(address(setting, &own.url)?)
    };
    // What is handed down counts where there is TLS, and is no mistake where there is none.
    let is_own = own.ca.is_some() || own.certificate.is_some();
    let is_plain = !settings.address.is_tls() && !is_own;
    Ok(if is_plain { RedisSettings { ca: None, client: None, ..settings } } else { settings })
}

fn address(setting: &str, url: &str) -> Result<RedisAddress, StoreUrlError> {
    url.parse().map_err(|reason| StoreUrlError::Redis { setting: format!("{setting}.url"), reason })
}

fn client(
    setting: &str,
    certificate: Option<&PathBuf>,
    key: Option<&PathBuf>,
) -> Result<Option<RedisClientFiles>, StoreUrlError> {
    match (certificate.cloned(), key.cloned()) {
        (Some(certificate), Some(key)) => Ok(Some(RedisClientFiles { certificate, key })),
        (None, None) => Ok(None),
        _ => Err(StoreUrlError::Pair { setting: setting.to_owned() }),
    }
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
