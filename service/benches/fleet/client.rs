//! HTTP/1.1 on one connection, as little of it as the service's clients need here.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use tenantguard::control::Position;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

/// How long a fleet may take to hear of something.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection that is kept.
pub(crate) struct Client {
    stream: TcpStream,
    credential: Arc<str>,
    buffer: Vec<u8>,
}

/// What a poll brings.
pub(crate) struct Polled {
    pub(crate) position: Position,
    pub(crate) body: Vec<u8>,
}

struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Client {
    pub(crate) async fn connect(address: Arc<str>, credential: Arc<str>) -> Result<Self> {
        let stream = TcpStream::connect(&*address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, credential, buffer: Vec::new() })
    }

    /// Revokes, and returns the position at which a copy has it.
    pub(crate) async fn revoke(&mut self, body: &str) -> Result<Position> {
        let answer = self.ask("POST", "/v1/revocations", body).await?;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        let position = text.split(r#""position":""#).nth(1).and_then(|it| it.split('"').next());
        position.and_then(|it| it.parse().ok()).with_context(|| format!("no position: {text}"))
    }

    pub(crate) async fn poll(&mut self, proxy: &str, at: Option<&Position>) -> Result<Polled> {
        let at = at.map(|at| format!("&position={at}")).unwrap_or_default();
        let answer = self.ask("GET", &format!("/v1/feed?proxy={proxy}{at}"), "").await?;
        if !matches!(answer.status, 200 | 204) {
            bail!("a poll is answered {}", answer.status);
        }
        let position = header(&answer.head, "x-tenantguard-position");
        let position = position.and_then(|text| text.parse().ok()).context("no position")?;
        Ok(Polled { position, body: answer.body })
    }

    async fn ask(&mut self, method: &str, path: &str, body: &str) -> Result<Answer> {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.credential,
            body.len()
        );
        self.stream.write_all(request.as_bytes()).await?;
        let end = loop {
            if let Some(at) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            self.read().await?;
        };
        let head = String::from_utf8_lossy(&self.buffer[..end]).into_owned();
        let length = header(&head, "content-length").and_then(|text| text.parse().ok());
        let length: usize = length.unwrap_or_default();
        while self.buffer.len() < end + length {
            self.read().await?;
        }
        let body = self.buffer[end..end + length].to_vec();
        self.buffer.drain(..end + length);
        let status = head.split(' ').nth(1).and_then(|text| text.parse().ok());
        Ok(Answer { status: status.context("no status")?, head, body })
    }

    async fn read(&mut self) -> Result<()> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => bail!("the service closed the connection"),
            _ => Ok(()),
        }
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    lines.find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// Proxies that poll, each on a connection of its own.
pub(crate) struct Fleet {
    heard: tokio::sync::Mutex<mpsc::UnboundedReceiver<(Position, Instant)>>,
    proxies: usize,
}

impl Fleet {
    /// Until all have the position that there is.
    pub(crate) async fn follow(
        address: &Arc<str>,
        credential: &Arc<str>,
        proxies: usize,
    ) -> Result<Self> {
        let (tell, heard) = mpsc::unbounded_channel();
        for number in 0..proxies {
            let mut client = Client::connect(Arc::clone(address), Arc::clone(credential)).await?;
            let (name, tell) = (format!("proxy-{number}"), tell.clone());
            let mut at = client.poll(&name, None).await?.position;
            tokio::spawn(async move {
                loop {
                    let polled = client.poll(&name, Some(&at)).await?;
                    if polled.position != at {
                        at = polled.position;
                        tell.send((at, Instant::now()))?;
                    }
                }
                #[allow(unreachable_code, reason = "it gives the block its type")]
                anyhow::Ok(())
            });
        }
        Ok(Self { heard: tokio::sync::Mutex::new(heard), proxies })
    }

    /// How long after `sent` each proxy was at this position.
    pub(crate) async fn all_at(&self, position: &Position, sent: Instant) -> Result<Vec<Duration>> {
        let mut heard = self.heard.lock().await;
        let mut times = Vec::with_capacity(self.proxies);
        while times.len() < self.proxies {
            let next = tokio::time::timeout(PATIENCE, heard.recv()).await;
            let (at, when) = next.context("a proxy hears nothing")?.context("no proxy is left")?;
            if at == *position {
                times.push(when - sent);
            }
        }
        Ok(times)
    }
}
