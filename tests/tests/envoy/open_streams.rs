//! Streams that are open when what let them in is over: each kind ends within a moment, once, and
//! nobody else's does.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use bytes::Bytes;
use h2::RecvStream;
use h2::client::SendRequest;
use http::Request;
use serde_json::{Value, json};
use tenantguard_e2e::control::Target;
use tenantguard_e2e::corpus::Prepared;
use tenantguard_e2e::upstream::{CASE_HEADER, ENDLESS};
use tokio::runtime::Runtime;
use tokio::time::timeout;
use tungstenite::WebSocket;
use tungstenite::handshake::client::generate_key;

use crate::controlled::{Controlled, ISSUER, Setup, soon};
use crate::world::text;

const PATIENCE: Duration = Duration::from_secs(10);
/// How soon a stream ends: many tests share the machine; alone it takes a tenth of a second.
const SOON: Duration = Duration::from_secs(3);
const REPORT: &str = "/api/v1/reports/7";
/// Each has a connection and an upstream's thread of its own.
const MANY: usize = 300;
const METHOD: &str = "/reports.v1.Reports/Get";

/// An answer that is under way.
trait Open {
    /// Waits for the next part; `false` once there is none.
    fn goes_on(&mut self) -> Result<bool>;
}

type AnyOpen<'a> = Box<dyn Open + 'a>;

/// Over HTTP/1.1: a long download, or server-sent events.
struct Answer(TcpStream);

impl Answer {
    fn start(it: &Controlled, request: &Prepared, accept: &str) -> Result<Self> {
        let mut stream = connect(it)?;
        stream.write_all(&request.http1(&[(CASE_HEADER, ENDLESS), ("accept", accept)]))?;
        let mut part = [0; 4096];
        let count = stream.read(&mut part)?;
        let head = String::from_utf8_lossy(part.get(..count).unwrap_or_default()).into_owned();
        ensure!(head.starts_with("HTTP/1.1 200") && head.contains(accept), "{head}");
        Ok(Self(stream))
    }
}

impl Open for Answer {
    fn goes_on(&mut self) -> Result<bool> {
        match self.0.read(&mut [0; 4096]) {
            Ok(count) => Ok(count > 0),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => Ok(false),
            Err(error) => Err(error).context("read the answer"),
        }
    }
}

/// A WebSocket (RFC 6455).
struct Socket(WebSocket<TcpStream>);

impl Socket {
    fn start(it: &Controlled, request: &Prepared) -> Result<Self> {
        let handshake = [
            ("host", "api.example.com"),
            ("connection", "Upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", &generate_key()),
            (CASE_HEADER, ENDLESS),
        ];
        let mut opening = Request::get(format!("ws://api.example.com{REPORT}"));
        for (name, value) in handshake {
            opening = opening.header(name, value);
        }
        for (name, value) in &request.headers {
            opening = opening.header(name, value.as_slice());
        }
        let opened = tungstenite::client(opening.body(())?, connect(it)?);
        Ok(Self(opened.map_err(|error| anyhow::anyhow!("no WebSocket: {error}"))?.0))
    }
}

impl Open for Socket {
    fn goes_on(&mut self) -> Result<bool> {
        match self.0.read() {
            Ok(message) => Ok(message.is_text()),
            Err(tungstenite::Error::Io(error))
                if error.kind() != std::io::ErrorKind::ConnectionReset =>
            {
                Err(error).context("read the WebSocket")
            }
            Err(_) => Ok(false),
        }
    }
}

/// A connection whose streams (RFC 9113) are gRPC calls that the server streams its answer to.
struct Calls {
    runtime: Runtime,
    sender: SendRequest<Bytes>,
}

struct Call<'a>(&'a Runtime, RecvStream);

impl Calls {
    fn connect(it: &Controlled) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let address = it.world.envoy.address();
        let sender = runtime.block_on(async {
            let stream = tokio::net::TcpStream::connect(address).await?;
            let (sender, connection) = h2::client::handshake(stream).await?;
            tokio::spawn(connection);
            anyhow::Ok(sender)
        })?;
        Ok(Self { runtime, sender })
    }

    fn start(&self, request: &Prepared) -> Result<Call<'_>> {
        let mut call = Request::post(format!("http://api.example.com{METHOD}"))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .header(CASE_HEADER, ENDLESS);
        for (name, value) in &request.headers {
            call = call.header(name, value.as_slice());
        }
        let call = call.body(())?;
        let begin = async {
            let mut sender = self.sender.clone().ready().await?;
            let (answer, mut message) = sender.send_request(call, false)?;
            message.send_data(Bytes::from_static(&[0; 5]), true)?;
            let (head, body) = answer.await?.into_parts();
            ensure!(head.status == 200 && head.headers.get("grpc-status").is_none(), "{head:?}");
            Ok(body)
        };
        let body = self.runtime.block_on(async { timeout(PATIENCE, begin).await })??;
        Ok(Call(&self.runtime, body))
    }
}

impl Open for Call<'_> {
    fn goes_on(&mut self) -> Result<bool> {
        let Self(runtime, body) = self;
        let part = runtime.block_on(async { timeout(PATIENCE, body.data()).await })?;
        match part {
            Some(Ok(part)) => {
                body.flow_control().release_capacity(part.len())?;
                Ok(true)
            }
            Some(Err(error)) if error.is_reset() => Ok(false),
            Some(Err(error)) => Err(error).context("the whole connection broke"),
            None => bail!("it ended as if it were whole"),
        }
    }
}

fn connect(it: &Controlled) -> Result<TcpStream> {
    let stream = TcpStream::connect(it.world.envoy.address())?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// Reads on until it is over; fails if that is not soon.
fn ends_soon(name: &str, stream: &mut dyn Open) -> Result<()> {
    let start = Instant::now();
    while stream.goes_on().with_context(|| name.to_owned())? {
        ensure!(start.elapsed() < SOON, "{name}: it goes on");
    }
    Ok(())
}

fn goes_on(name: &str, stream: &mut dyn Open) -> Result<()> {
    for _ in 0..10 {
        ensure!(stream.goes_on().with_context(|| name.to_owned())?, "{name}: it has ended");
    }
    Ok(())
}

/// The records of the streams that were ended, by route and reason; none of them twice.
fn ended(it: &Controlled, count: usize) -> Result<Vec<(String, String)>> {
    let records = || -> Result<Vec<Value>> {
        let lines = it.world.envoy.access_log().lines()?;
        let records = lines.iter().filter_map(|line| line.get("audit"));
        Ok(records.filter(|audit| audit.get("ended").is_some()).cloned().collect())
    };
    soon("the records", || Ok(records()?.len() >= count))?;
    it.world.settle_log()?;
    let records = records()?;
    ensure!(records.len() == count, "{} records of {count} streams", records.len());
    let field = |record: &Value, pointer: &str| {
        let value = record.pointer(pointer).and_then(Value::as_str);
        value.map(str::to_owned).with_context(|| format!("no {pointer} in {record}"))
    };
    let each = records.iter().map(|record| {
        ensure!(text(record, "decision") == Some("permit"), "{record}");
        Ok((field(record, "/route")?, field(record, "/ended/reason")?))
    });
    each.collect()
}

pub(crate) fn revoked() -> Result<()> {
    Controlled::with(Setup::default(), |it| {
        let token = json!({"subject": "alice", "claims": {"jti": "streaming"}});
        let other = json!({"subject": "alice", "claims": {"jti": "other"}});
        let (one, two) = (it.reader(REPORT, &token)?, it.reader(REPORT, &other)?);
        let kept = it.reader("/api/v1/kept/7", &token)?;
        let calls = Calls::connect(it)?;
        // What is revoked, and beside it one of its kind that is not; the calls on one connection.
        let mut streams: Vec<(&str, AnyOpen<'_>, AnyOpen<'_>)> = vec![
            (
                "a download",
                Box::new(Answer::start(it, &one, "text/plain")?),
                Box::new(Answer::start(it, &two, "text/plain")?),
            ),
            (
                "server-sent events",
                Box::new(Answer::start(it, &one, "text/event-stream")?),
                Box::new(Answer::start(it, &two, "text/event-stream")?),
            ),
            ("a WebSocket", Box::new(Socket::start(it, &one)?), Box::new(Socket::start(it, &two)?)),
            ("a gRPC call", Box::new(calls.start(&one)?), Box::new(calls.start(&two)?)),
        ];
        let mut kept = Answer::start(it, &kept, "text/plain")?;
        it.control()?.revoke(&[Target::token_id("acme", ISSUER, "streaming")])?;
        for (name, revoked, bystander) in &mut streams {
            ends_soon(name, revoked.as_mut())?;
            goes_on(name, bystander.as_mut())?;
        }
        goes_on("one that is to be kept", &mut kept)?;
        let mut records = ended(it, streams.len())?;
        records.sort();
        let record = |route: &str| (route.to_owned(), "revoked.token".to_owned());
        let report = record("/api/v1/reports/{report}");
        let expected = [report.clone(), report.clone(), report, record(METHOD)];
        ensure!(records == expected, "{records:?}");
        let count = it.metric("streams.ended")?;
        ensure!(count == 4, "{count} were ended");
        Ok(())
    })
}

/// Many at once: each is closed once, and Envoy lives.
pub(crate) fn many() -> Result<()> {
    Controlled::with(Setup::default(), |it| {
        let token = json!({"subject": "alice", "claims": {"sid": "many"}});
        let request = it.reader(REPORT, &token)?;
        let start = |_| Answer::start(it, &request, "text/plain");
        let mut streams = (0..MANY).map(start).collect::<Result<Vec<_>>>()?;
        it.control()?.revoke(&[Target::session("acme", ISSUER, "many")])?;
        for stream in &mut streams {
            ends_soon("one of many", stream)?;
        }
        let records = ended(it, MANY)?;
        ensure!(records.iter().all(|(_, reason)| reason == "revoked.session"), "{records:?}");
        let count = it.metric("streams.ended")?;
        ensure!(count == MANY as u64, "{count} were ended");
        it.expect(&request, "revoked.session").map(drop)
    })
}

pub(crate) fn expired() -> Result<()> {
    Controlled::with(Setup::default(), |it| {
        // The issuer's skew comes on top.
        let token = json!({"subject": "alice", "claims": {"iat": "now-600", "exp": "now-27"}});
        let mut stream = Answer::start(it, &it.reader(REPORT, &token)?, "text/plain")?;
        let start = Instant::now();
        while stream.goes_on()? {
            ensure!(start.elapsed() < Duration::from_secs(5), "it goes on");
        }
        let records = ended(it, 1)?;
        ensure!(records.iter().all(|(_, reason)| reason == "token.expired"), "{records:?}");
        Ok(())
    })
}
