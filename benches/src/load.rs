//! The load generator: a closed loop over a few keep-alive connections, a thread each, or what
//! `streams` does.
//! Every answer must be 200; anything else ends the run, because the time it took to
//! refuse a request is not the time it takes to serve one.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow, ensure};
use http::{Request, request};

use crate::{arguments::Arguments, http::Connection, streams::Streams};

/// What a load did.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) requests: u64,
    pub(crate) elapsed: Duration,
}

/// Open connections to one listener.
#[derive(Debug)]
pub(crate) enum Generator {
    Exchanges { connections: Vec<Connection>, request: Vec<u8> },
    Streams(Box<Streams>),
}

impl Generator {
    pub(crate) fn open(arguments: &Arguments, port: u16, token: &str) -> Result<Self> {
        if arguments.direct {
            return Ok(Self::Streams(Box::new(Streams::open(port, message(token)?)?)));
        }
        let connections = (0..arguments.connections).map(|_| Connection::open(port));
        let request = request(Some(token));
        Ok(Self::Exchanges { connections: connections.collect::<Result<_>>()?, request })
    }

    /// Sends requests for `time`.
    pub(crate) fn run(&mut self, time: Duration) -> Result<Load> {
        let begin = Instant::now();
        let end = begin + time;
        let requests = match self {
            Self::Exchanges { connections, request } => repeat_all(connections, request, end),
            Self::Streams(streams) => streams.run(end),
        };
        let elapsed = begin.elapsed();
        Ok(Load { requests: requests.context("under load")?, elapsed })
    }
}

fn repeat_all(connections: &mut [Connection], request: &[u8], end: Instant) -> Result<u64> {
    let counts: Vec<Result<u64>> = thread::scope(|scope| {
        let workers: Vec<_> = connections
            .iter_mut()
            .map(|connection| scope.spawn(move || repeat(connection, request, end)))
            .collect();
        let died = |_| Err(anyhow!("a load thread panicked"));
        workers.into_iter().map(|worker| worker.join().unwrap_or_else(died)).collect()
    });
    counts.into_iter().sum()
}

fn repeat(connection: &mut Connection, request: &[u8], end: Instant) -> Result<u64> {
    let mut requests = 0;
    while Instant::now() < end {
        let response = connection.exchange(request)?;
        let text = String::from_utf8_lossy(&response.body);
        ensure!(response.status == 200, "an answer was {} instead of 200: {text}", response.status);
        requests += 1;
    }
    Ok(requests)
}

const HOST: &str = "api.example.com";
const PATH: &str = "/api/v1/reports/7";

/// The header fields of the request that every variant gets.
fn fields(token: Option<&str>) -> Vec<(&'static str, String)> {
    let fields = [("user-agent", "tenantguard-bench"), ("accept", "application/json")];
    let token = token.map(|token| ("authorization", format!("Bearer {token}")));
    fields.map(|(name, value)| (name, value.to_owned())).into_iter().chain(token).collect()
}

/// The request as HTTP/1.1.
pub(crate) fn request(token: Option<&str>) -> Vec<u8> {
    let fields = fields(token).into_iter().map(|(name, value)| format!("{name}: {value}\r\n"));
    let fields: String = fields.collect();
    format!("GET {PATH} HTTP/1.1\r\nhost: {HOST}\r\n{fields}\r\n").into_bytes()
}

/// The request as HTTP/2 takes it.
fn message(token: &str) -> Result<Request<()>> {
    let request = Request::get(format!("http://{HOST}{PATH}"));
    let with = |request: request::Builder, (name, value)| request.header(name, value);
    Ok(fields(Some(token)).into_iter().fold(request, with).body(())?)
}
