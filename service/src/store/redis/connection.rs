//! A connection to one node, to whatever sentinels say is the master, or to a cluster.
//!
//! It is made when it is needed, shared, and dropped as soon as it is of no use; the next one is made
//! with what the files of the settings say by then. None waits for longer than it says here.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use redis::aio::{ConnectionLike, MultiplexedConnection, PubSub};
use redis::cluster_async::ClusterConnection;
use redis::{Cmd, Pipeline, RedisError, RedisFuture, RedisResult, Value};
use tokio::sync::watch;

use super::address::Topology;
use super::client::{self, CONNECT};
use super::settings::RedisSettings;

/// How long a failure to connect is taken for an answer: who comes meanwhile does not wait as well.
const PAUSE: Duration = Duration::from_millis(100);

/// Makes connections to one Redis.
pub(super) struct Connector {
    settings: RedisSettings,
    current: Mutex<Option<Numbered>>,
    failed: Mutex<Option<(Instant, RedisError)>>,
    /// Held while a connection is made.
    making: tokio::sync::Mutex<()>,
    /// The number of the newest connection.
    newest: watch::Sender<u64>,
}

/// A connection, and which it is.
#[derive(Clone)]
pub(super) struct Numbered {
    pub(super) connection: Connection,
    number: u64,
}

/// A connection. Clones share it.
#[derive(Clone)]
pub(super) enum Connection {
    Node(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Connector {
    /// Does not connect yet, but reads what it will need.
    pub(super) fn new(settings: RedisSettings) -> RedisResult<Self> {
        client::check(&settings)?;
        Ok(Self {
            settings,
            current: Mutex::default(),
            failed: Mutex::default(),
            making: tokio::sync::Mutex::default(),
            newest: watch::channel(0).0,
        })
    }

    /// A connection, made now if there is none.
    pub(super) async fn connect(self: &Arc<Self>) -> RedisResult<Numbered> {
        if let Some(current) = self.current.lock().clone() {
            return Ok(current);
        }
        // It is made even if the caller gives up: several sentinels may have to be asked, and the
        // next caller would only begin anew with the first.
        let connector = Arc::clone(self);
        let made = tokio::spawn(async move { connector.make().await });
        made.await.unwrap_or_else(|error| Err(std::io::Error::other(error).into()))
    }

    async fn make(&self) -> RedisResult<Numbered> {
        let _making = self.making.lock().await;
        if let Some(current) = self.current.lock().clone() {
            return Ok(current);
        }
        if let Some((at, error)) = &*self.failed.lock()
            && at.elapsed() < PAUSE
        {
            return Err(error.clone());
        }
        match client::connect(&self.settings).await {
            Ok(connection) => {
                let number = *self.newest.borrow() + 1;
                let made = Numbered { connection, number };
                *self.current.lock() = Some(made.clone());
                self.newest.send_replace(number);
                Ok(made)
            }
            Err(error) => {
                *self.failed.lock() = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }

    /// Makes another connection the next time, unless that has happened already.
    pub(super) fn drop_connection(&self, number: u64) {
        self.current.lock().take_if(|current| current.number == number);
    }

    /// A connection that messages come in on, and what says that it may lead to the wrong node by
    /// now; clusters are asked instead.
    pub(super) async fn listen(&self) -> RedisResult<Option<(PubSub, watch::Receiver<u64>)>> {
        if self.settings.address.topology == Topology::Cluster {
            return Ok(None);
        }
        let newest = self.newest.subscribe();
        let made = tokio::time::timeout(CONNECT * 2, async {
            client::single(&self.settings).await?.get_async_pubsub().await
        });
        let slow = |_| std::io::Error::from(std::io::ErrorKind::TimedOut);
        Ok(Some((made.await.map_err(slow)??, newest)))
    }
}

/// Drops a connection whose answer nobody waited for: it may be the node that does not answer.
pub(super) struct Doubt<'a> {
    connector: &'a Connector,
    number: Option<u64>,
}

impl<'a> Doubt<'a> {
    pub(super) fn of(connector: &'a Connector, numbered: &Numbered) -> Self {
        // A cluster knows of each of its nodes whether it answers.
        let is_node = matches!(numbered.connection, Connection::Node(_));
        Self { connector, number: is_node.then_some(numbered.number) }
    }

    /// It has answered.
    pub(super) fn settle(mut self) {
        self.number = None;
    }
}

impl Drop for Doubt<'_> {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            self.connector.drop_connection(number);
        }
    }
}

impl Numbered {
    pub(super) fn number(&self) -> u64 {
        self.number
    }
}

/// A shared handle on a connector.
pub(super) type SharedConnector = Arc<Connector>;

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::Node(connection) => connection.req_packed_command(cmd),
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
            Self::Node(connection) => connection.req_packed_commands(cmd, offset, count),
            Self::Cluster(connection) => connection.req_packed_commands(cmd, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::Node(connection) => connection.get_db(),
            Self::Cluster(connection) => connection.get_db(),
        }
    }
}
