//! The load generator: a closed loop over a few keep-alive connections, a thread each.
//! Every answer must be 200; anything else ends the run, because the time it took to
//! refuse a request is not the time it takes to serve one.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow, ensure};

use crate::http::Connection;

/// What a load did.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) requests: u64,
    pub(crate) elapsed: Duration,
}

/// Open connections to one listener.
#[derive(Debug)]
pub(crate) struct Generator {
    connections: Vec<Connection>,
    request: Vec<u8>,
}

impl Generator {
    pub(crate) fn open(port: u16, connections: usize, request: Vec<u8>) -> Result<Self> {
        Ok(Self {
            connections: (0..connections).map(|_| Connection::open(port)).collect::<Result<_>>()?,
            request,
        })
    }

    /// Sends requests for `time`.
    pub(crate) fn run(&mut self, time: Duration) -> Result<Load> {
        let (begin, request) = (Instant::now(), self.request.as_slice());
        let end = begin + time;
        let counts: Vec<Result<u64>> = thread::scope(|scope| {
            let workers: Vec<_> = self
                .connections
                .iter_mut()
                .map(|connection| scope.spawn(move || repeat(connection, request, end)))
                .collect();
            let died = |_| Err(anyhow!("a load thread panicked"));
            workers.into_iter().map(|worker| worker.join().unwrap_or_else(died)).collect()
        });
        let elapsed = begin.elapsed();
        let requests = counts.into_iter().sum::<Result<u64>>()?;
        Ok(Load { requests, elapsed })
    }
}

fn repeat(connection: &mut Connection, request: &[u8], end: Instant) -> Result<u64> {
    let mut requests = 0;
    while Instant::now() < end {
        let response = connection.exchange(request).context("under load")?;
        ensure!(
            response.status == 200,
            "under load, an answer was {} instead of 200: {}",
            response.status,
            String::from_utf8_lossy(&response.body)
        );
        requests += 1;
    }
    Ok(requests)
}

/// The request that every variant gets.
pub(crate) fn request(token: Option<&str>) -> Vec<u8> {
    let authorization =
        token.map_or_else(String::new, |token| format!("authorization: Bearer {token}\r\n"));
    format!(
        "GET /api/v1/reports/7 HTTP/1.1\r\n\
         host: api.example.com\r\n\
         user-agent: tenantguard-bench\r\n\
         accept: application/json\r\n\
         {authorization}\r\n"
    )
    .into_bytes()
}
