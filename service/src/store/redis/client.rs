//! From settings to a connection: which library client finds the nodes of which topology.

use std::time::Duration;

use redis::cluster::ClusterClient;
use redis::sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType};
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, ErrorKind,
    IntoConnectionInfo as _, RedisConnectionInfo, RedisError, RedisResult, TlsCertificates,
    TlsMode,
};

use super::address::Topology;
use super::connection::Connection;
use super::settings::{Login, RedisSettings};

/// How long a connection may take to be made.
pub(super) const CONNECT: Duration = Duration::from_millis(800);
/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(2);

/// Whether a client can be made of these settings.
pub(super) fn check(settings: &RedisSettings) -> RedisResult<()> {
    match &settings.address.topology {
        Topology::Single => node_client(settings).map(drop),
        Topology::Sentinel { service } => sentinel_client(settings, service).map(drop),
        Topology::Cluster => cluster_client(settings).map(drop),
    }
}

/// Connects to where these settings lead now.
pub(super) async fn connect(settings: &RedisSettings) -> RedisResult<Connection> {
    if settings.address.topology == Topology::Cluster {
        let connection = cluster_client(settings)?.get_async_connection().await?;
        return Ok(Connection::Cluster(connection));
    }
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT))
        .set_response_timeout(Some(ANSWER));
    let client = single(settings).await?;
    client.get_multiplexed_async_connection_with_config(&config).await.map(Connection::Node)
}

/// The client of the one node that is asked: the only one, or the master.
pub(super) async fn single(settings: &RedisSettings) -> RedisResult<Client> {
    match &settings.address.topology {
        Topology::Sentinel { service } => {
            sentinel_client(settings, service)?.async_get_client().await
        }
        Topology::Single | Topology::Cluster => node_client(settings),
    }
}

fn node_client(settings: &RedisSettings) -> RedisResult<Client> {
    let [node] = settings.address.nodes.as_slice() else {
        return Err((ErrorKind::InvalidClientConfig, "the address names no node").into());
    };
    let info = info(settings, node, &settings.login()?)?;
    match tls(settings)? {
        Some(certificates) => Client::build_with_tls(info, certificates),
        None => Client::open(info),
    }
}

fn sentinel_client(settings: &RedisSettings, service: &str) -> RedisResult<SentinelClient> {
    let address = &settings.address;
    let nodes = address.nodes.iter().map(|node| node_address(settings, node));
    let mut builder = SentinelClientBuilder::new(nodes, service, SentinelServerType::Master)?
        .set_client_to_redis_db(address.database);
    if address.is_tls {
        builder = builder
            .set_client_to_redis_tls_mode(TlsMode::Secure)
            .set_client_to_sentinel_tls_mode(TlsMode::Secure);
    }
    let Login { username, password } = settings.login()?;
    if let Some(username) = username {
        builder = builder.set_client_to_redis_username(username);
    }
    if let Some(password) = password {
        builder = builder.set_client_to_redis_password(password);
    }
    if let Some(certificates) = tls(settings)? {
        builder = builder
            .set_client_to_redis_certificates(certificates.clone())
            .set_client_to_sentinel_certificates(certificates);
    }
    builder.build()
}

fn cluster_client(settings: &RedisSettings) -> RedisResult<ClusterClient> {
    let login = settings.login()?;
    let nodes = settings.address.nodes.iter().map(|node| info(settings, node, &login));
    let mut builder = ClusterClient::builder(nodes.collect::<RedisResult<Vec<_>>>()?)
        .connection_timeout(CONNECT)
        .response_timeout(ANSWER)
        .retries(3);
    if let Some(certificates) = tls(settings)? {
        builder = builder.certs(certificates);
    }
    builder.build()
}

fn info(
    settings: &RedisSettings,
    node: &(String, u16),
    login: &Login,
) -> RedisResult<ConnectionInfo> {
    let mut as_whom = RedisConnectionInfo::default().set_db(settings.address.database);
    if let Some(username) = &login.username {
        as_whom = as_whom.set_username(username);
    }
    if let Some(password) = &login.password {
        as_whom = as_whom.set_password(password);
    }
    Ok(node_address(settings, node).into_connection_info()?.set_redis_settings(as_whom))
}

fn node_address(settings: &RedisSettings, (host, port): &(String, u16)) -> ConnectionAddr {
    let (host, port) = (host.clone(), *port);
    if settings.address.is_tls {
        ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None }
    } else {
        ConnectionAddr::Tcp(host, port)
    }
}

/// Certificates for an address without TLS would be forgotten in silence: that is a mistake.
fn tls(settings: &RedisSettings) -> RedisResult<Option<TlsCertificates>> {
    let certificates = settings.certificates()?;
    if certificates.is_some() && !settings.address.is_tls {
        let what = "certificates are given, and the address is without TLS: write rediss...://";
        return Err(RedisError::from((ErrorKind::InvalidClientConfig, what)));
    }
    Ok(certificates)
}
