//! A connection to one node, to whatever sentinels say is the master, or to a cluster. Each
//! reconnects by itself, and none waits for longer than it says here.

use std::sync::Arc;
use std::time::Duration;

use redis::aio::{
    ConnectionLike, ConnectionManager, ConnectionManagerConfig, MultiplexedConnection,
};
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType};
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _,
    Pipeline, RedisConnectionInfo, RedisFuture, RedisResult, TlsCertificates, TlsMode, Value,
};
use tokio::sync::Mutex;

use super::address::{RedisSettings, Topology};

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_millis(800);
/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(2);

/// Makes connections to one Redis.
pub(super) enum Connector {
    Single { manager: ConnectionManager, client: Client },
    Sentinel { client: Mutex<SentinelClient>, master: Mutex<Option<MultiplexedConnection>> },
    Cluster { client: ClusterClient, cluster: Mutex<Option<ClusterConnection>> },
}

/// A connection. Clones share it.
#[derive(Clone)]
pub(super) enum Connection {
    Manager(ConnectionManager),
    Master(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Connector {
    /// Does not connect yet.
    pub(super) fn new(settings: &RedisSettings) -> RedisResult<Self> {
        let address = &settings.address;
        let certificates = certificates(settings)?;
        let nodes = address.nodes.iter().map(|(host, port)| node(settings, host, *port));
        let info = |addr: ConnectionAddr| -> RedisResult<ConnectionInfo> {
            Ok(addr.into_connection_info()?.set_redis_settings(login(settings)))
        };
        match &address.topology {
            Topology::Single => {
                let nodes: Vec<_> = nodes.collect();
                let [node] = nodes.as_slice() else { return Err(no_node()) };
                let info = info(node.clone())?;
                let client = match certificates {
                    Some(certificates) => Client::build_with_tls(info, certificates)?,
                    None => Client::open(info)?,
                };
                let config = ConnectionManagerConfig::new()
                    .set_connection_timeout(Some(CONNECT))
                    .set_response_timeout(Some(ANSWER))
                    .set_number_of_retries(1)
                    .set_max_delay(Duration::from_millis(100));
                let manager = ConnectionManager::new_lazy_with_config(client.clone(), config)?;
                Ok(Self::Single { manager, client })
            }
            Topology::Sentinel { service } => {
                let mut builder =
                    SentinelClientBuilder::new(nodes, service, SentinelServerType::Master)?
                        .set_client_to_redis_db(address.database);
                if address.is_tls {
                    builder = builder
                        .set_client_to_redis_tls_mode(TlsMode::Secure)
                        .set_client_to_sentinel_tls_mode(TlsMode::Secure);
                }
                if let Some(username) = &address.username {
                    builder = builder.set_client_to_redis_username(username);
                }
                if let Some(password) = &address.password {
                    builder = builder.set_client_to_redis_password(password);
                }
                if let Some(certificates) = certificates {
                    builder = builder
                        .set_client_to_redis_certificates(certificates.clone())
                        .set_client_to_sentinel_certificates(certificates);
                }
                let client = Mutex::new(builder.build()?);
                Ok(Self::Sentinel { client, master: Mutex::default() })
            }
            Topology::Cluster => {
                let nodes: Vec<_> = nodes.map(info).collect::<RedisResult<_>>()?;
                let mut builder = ClusterClient::builder(nodes)
                    .connection_timeout(CONNECT)
                    .response_timeout(ANSWER)
                    .retries(3);
                if let Some(certificates) = certificates {
                    builder = builder.certs(certificates);
                }
                Ok(Self::Cluster { client: builder.build()?, cluster: Mutex::default() })
            }
        }
    }

    /// A connection, made now if there is none.
    pub(super) async fn connect(&self) -> RedisResult<Connection> {
        match self {
            Self::Single { manager, .. } => Ok(Connection::Manager(manager.clone())),
            Self::Sentinel { client, master } => {
                let mut master = master.lock().await;
                if let Some(connection) = master.as_ref() {
                    return Ok(Connection::Master(connection.clone()));
                }
                let config = AsyncConnectionConfig::new()
                    .set_connection_timeout(Some(CONNECT))
                    .set_response_timeout(Some(ANSWER));
                let connection =
                    client.lock().await.get_async_connection_with_config(&config).await?;
                Ok(Connection::Master(master.insert(connection).clone()))
            }
            Self::Cluster { client, cluster } => {
                let mut cluster = cluster.lock().await;
                if let Some(connection) = cluster.as_ref() {
                    return Ok(Connection::Cluster(connection.clone()));
                }
                let connection = client.get_async_connection().await?;
                Ok(Connection::Cluster(cluster.insert(connection).clone()))
            }
        }
    }

    /// Connects anew the next time: this master is gone, or is a master no longer.
    pub(super) async fn drop_master(&self) {
        if let Self::Sentinel { master, .. } = self {
            *master.lock().await = None;
        }
    }

    /// A connection that messages come in on; clusters are asked instead.
    pub(super) async fn listen(&self) -> RedisResult<Option<redis::aio::PubSub>> {
        let client = match self {
            Self::Single { client, .. } => client.clone(),
            Self::Sentinel { client, .. } => client.lock().await.async_get_client().await?,
            Self::Cluster { .. } => return Ok(None),
        };
        client.get_async_pubsub().await.map(Some)
    }
}

fn login(settings: &RedisSettings) -> RedisConnectionInfo {
    let address = &settings.address;
    let mut login = RedisConnectionInfo::default().set_db(address.database);
    if let Some(username) = &address.username {
        login = login.set_username(username);
    }
    if let Some(password) = &address.password {
        login = login.set_password(password);
    }
    login
}

fn node(settings: &RedisSettings, host: &str, port: u16) -> ConnectionAddr {
    let host = host.to_owned();
    if settings.address.is_tls {
        ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None }
    } else {
        ConnectionAddr::Tcp(host, port)
    }
}

fn certificates(settings: &RedisSettings) -> RedisResult<Option<TlsCertificates>> {
    let root_cert = settings.ca.as_ref().map(std::fs::read).transpose()?;
    Ok(root_cert.map(|root| TlsCertificates { client_tls: None, root_cert: Some(root) }))
}

fn no_node() -> redis::RedisError {
    (redis::ErrorKind::InvalidClientConfig, "the address names no node").into()
}

/// A shared handle on a connector.
pub(super) type SharedConnector = Arc<Connector>;

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::Manager(connection) => connection.req_packed_command(cmd),
            Self::Master(connection) => connection.req_packed_command(cmd),
            Self::Cluster(connection) => connection.req_packed_command(cmd),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        cmd: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::Manager(connection) => connection.req_packed_commands(cmd, offset, count),
            Self::Master(connection) => connection.req_packed_commands(cmd, offset, count),
            Self::Cluster(connection) => connection.req_packed_commands(cmd, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::Manager(connection) => connection.get_db(),
            Self::Master(connection) => connection.get_db(),
            Self::Cluster(connection) => connection.get_db(),
        }
    }
}
