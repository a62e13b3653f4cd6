//! The load where small differences are to show: many requests at once as the streams of one
//! HTTP/2 connection (RFC 9113), so that few system calls are left. Uses `h2` on a runtime of its
//! own.

use std::{net::Ipv4Addr, time::Instant};

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use http::Request;
use tokio::{net::TcpStream, runtime::Runtime};

/// How many requests are sent before the first one's answer is waited for.
const AT_ONCE: usize = 32;

/// An open connection to one listener.
#[derive(Debug)]
pub(crate) struct Streams {
    runtime: Runtime,
    sender: SendRequest<Bytes>,
    request: Request<()>,
}

impl Streams {
    pub(crate) fn open(port: u16, request: Request<()>) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let sender = runtime.block_on(async {
            let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
            stream.set_nodelay(true)?;
            let (sender, connection) = h2::client::handshake(stream).await?;
            // Its error shows as the error of the requests that are under way.
            tokio::spawn(connection);
            anyhow::Ok(sender)
        });
        let sender = sender.with_context(|| format!("cannot connect to port {port}"))?;
        Ok(Self { runtime, sender, request })
    }

    /// Sends requests until then; returns how many.
    pub(crate) fn run(&mut self, end: Instant) -> Result<u64> {
        let Self { runtime, sender, request } = self;
        runtime.block_on(async {
            let mut requests = 0;
            while Instant::now() < end {
                let mut answers = Vec::with_capacity(AT_ONCE);
                for _ in 0..AT_ONCE {
                    *sender = sender.clone().ready().await?;
                    answers.push(sender.send_request(request.clone(), true)?.0);
                }
                for answer in answers {
                    check(answer).await.context("under load")?;
                    requests += 1;
                }
            }
            Ok(requests)
        })
    }
}

async fn check(answer: ResponseFuture) -> Result<()> {
    let (head, mut body) = answer.await?.into_parts();
    let mut text = Vec::new();
    while let Some(part) = body.data().await {
        let part = part?;
        body.flow_control().release_capacity(part.len())?;
        text.extend(part);
    }
    let text = String::from_utf8_lossy(&text);
    ensure!(head.status == 200, "an answer was {} instead of 200: {text}", head.status);
    Ok(())
}
