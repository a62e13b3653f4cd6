//! Where a Redis is: `redis://[user:password@]host[:port][/db]` or `rediss://` (TLS) for one node,
//! `redis-sentinel://host[:port],...?service=NAME` for what sentinels watch, and
//! `redis-cluster://host[:port],...` for a cluster; `rediss-...` is the same over TLS.

use std::fmt;
use std::str::FromStr;

/// How nodes are found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Topology {
    /// One node.
    Single,
    /// Whichever node the sentinels say is the master of this name.
    Sentinel { service: String },
    /// A cluster.
    Cluster,
}

/// Where a Redis is. It is printed without its password.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisAddress {
    pub(super) topology: Topology,
    pub(super) is_tls: bool,
    pub(super) nodes: Vec<(String, u16)>,
    pub(super) username: Option<String>,
    pub(super) password: Option<String>,
    pub(super) database: i64,
}

/// Why a text is no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RedisAddressError {
    /// The scheme.
    #[error(
        "a Redis address begins with redis://, rediss://, redis-sentinel://, rediss-sentinel://, \
         redis-cluster:// or rediss-cluster://"
    )]
    Scheme,
    /// A node.
    #[error("{0:?} is no host with an optional port")]
    Node(String),
    /// The number of nodes.
    #[error("this kind of Redis address names one node")]
    OneNode,
    /// The database.
    #[error("{0:?} is no number of a database")]
    Database(String),
    /// The service.
    #[error("a sentinel address names what it watches: ?service=NAME")]
    Service,
    /// The user and the password.
    #[error("the user or the password is not percent-encoded as it should be")]
    User,
}

impl RedisAddress {
    /// Whether it is spoken to over TLS.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.is_tls
    }
}

impl FromStr for RedisAddress {
    type Err = RedisAddressError;

    fn from_str(text: &str) -> Result<Self, RedisAddressError> {
        let (scheme, rest) = text.split_once("://").ok_or(RedisAddressError::Scheme)?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (is_tls, kind) = match scheme.strip_prefix("rediss") {
            Some(kind) => (true, kind),
            None => (false, scheme.strip_prefix("redis").ok_or(RedisAddressError::Scheme)?),
        };
        let topology = match kind {
            "" => Topology::Single,
            "-cluster" => Topology::Cluster,
            "-sentinel" => {
                let service = query.strip_prefix("service=").filter(|name| !name.is_empty());
                Topology::Sentinel { service: service.ok_or(RedisAddressError::Service)?.into() }
            }
            _ => return Err(RedisAddressError::Scheme),
        };
        let (user, rest) =
            rest.rsplit_once('@').map_or((None, rest), |(it, rest)| (Some(it), rest));
        let (hosts, database) = rest.split_once('/').unwrap_or((rest, ""));
        let default = if matches!(topology, Topology::Sentinel { .. }) { 26379 } else { 6379 };
        let nodes: Vec<_> =
            hosts.split(',').map(|host| node(host, default)).collect::<Result<_, _>>()?;
        if topology == Topology::Single && nodes.len() > 1 {
            return Err(RedisAddressError::OneNode);
        }
        let (username, password) = user.map_or(Ok((None, None)), credentials)?;
        let database = match database {
            "" => 0,
            text => text
                .parse()
                .ok()
                .filter(|number| *number >= 0)
                .ok_or_else(|| RedisAddressError::Database(text.to_owned()))?,
        };
        Ok(Self { topology, is_tls, nodes, username, password, database })
    }
}

fn node(text: &str, default: u16) -> Result<(String, u16), RedisAddressError> {
    let failed = || RedisAddressError::Node(text.to_owned());
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']').ok_or_else(failed)?;
            (host, port.strip_prefix(':').unwrap_or(port))
        }
        None => text.split_once(':').unwrap_or((text, "")),
    };
    let port = if port.is_empty() { default } else { port.parse().map_err(|_| failed())? };
    if host.is_empty() || host.chars().any(char::is_whitespace) {
        return Err(failed());
    }
    Ok((host.to_owned(), port))
}

type Credentials = (Option<String>, Option<String>);

fn credentials(text: &str) -> Result<Credentials, RedisAddressError> {
    let (user, password) = text.split_once(':').unwrap_or((text, ""));
    let read = |text: &str| -> Result<Option<String>, RedisAddressError> {
        let text = decode(text).ok_or(RedisAddressError::User)?;
        Ok(Some(text).filter(|text| !text.is_empty()))
    };
    Ok((read(user)?, read(password)?))
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?].map(char::from);
                let [high, low] = digits.map(|digit| digit.to_digit(16));
                u8::try_from(high? * 16 + low?).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

impl fmt::Display for RedisAddress {
    /// As it is written in a configuration, without user and password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_tls { "rediss" } else { "redis" })?;
        f.write_str(match self.topology {
            Topology::Single => "",
            Topology::Sentinel { .. } => "-sentinel",
            Topology::Cluster => "-cluster",
        })?;
        let nodes: Vec<String> =
            self.nodes.iter().map(|(host, port)| format!("{host}:{port}")).collect();
        write!(f, "://{}", nodes.join(","))?;
        if self.database != 0 {
            write!(f, "/{}", self.database)?;
        }
        if let Topology::Sentinel { service } = &self.topology {
            write!(f, "?service={service}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for RedisAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedisAddress({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_printed_without_its_password() {
        for (text, printed) in [
            ("redis://localhost", "redis://localhost:6379"),
            ("rediss://u:s%40cret@r.example:7000/2", "rediss://r.example:7000/2"),
            ("redis-cluster://a:1,b:2", "redis-cluster://a:1,b:2"),
            (
                "rediss-sentinel://:pw@a,b:5?service=main",
                "rediss-sentinel://a:26379,b:5?service=main",
            ),
        ] {
            let address: RedisAddress = text.parse().unwrap();
            assert_eq!(address.to_string(), printed);
            assert!(!format!("{address:?}").contains("cret"));
        }
        let address: RedisAddress = "redis://u:s%40cret@h".parse().unwrap();
        assert_eq!(address.password.as_deref(), Some("s@cret"));
        assert_eq!(address.username.as_deref(), Some("u"));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for (text, error) in [
            ("http://a", RedisAddressError::Scheme),
            ("redis:a", RedisAddressError::Scheme),
            ("redis-ring://a", RedisAddressError::Scheme),
            ("redis://a,b", RedisAddressError::OneNode),
            ("redis://", RedisAddressError::Node(String::new())),
            ("redis://a:x", RedisAddressError::Node("a:x".into())),
            ("redis://a/-1", RedisAddressError::Database("-1".into())),
            ("redis-sentinel://a", RedisAddressError::Service),
            ("redis://u:%zz@a", RedisAddressError::User),
        ] {
            assert_eq!(text.parse::<RedisAddress>(), Err(error), "{text}");
        }
    }
}
