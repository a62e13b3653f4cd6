//! As much HTTP/1.1 as both ends of the benchmark need (RFC 9112): messages with a
//! `content-length`, chunks (Envoy's admin) or no body, on a connection that stays open.
//! Uses `httparse`.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpStream},
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};

/// Longer than any answer may take; a hang is then an error instead of a silent wait.
const PATIENCE: Duration = Duration::from_secs(10);
const LONGEST_HEAD: usize = 64 * 1024;

/// A client's connection.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// A whole response.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Connection {
    pub(crate) fn open(port: u16) -> Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
            .with_context(|| format!("cannot connect to port {port}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream, buffer: Vec::with_capacity(4096) })
    }

    /// Sends a whole request and waits for the whole response.
    pub(crate) fn exchange(&mut self, request: &[u8]) -> Result<Response> {
        self.stream.write_all(request)?;
        loop {
            if let Some(head) = parse_response(&self.buffer)? {
                return self.take_body(&head);
            }
            self.read_more()?;
        }
    }

    fn take_body(&mut self, head: &Head) -> Result<Response> {
        self.buffer.drain(..head.length);
        let body = match head.body {
            Body::Sized(length) => self.take(length)?,
            Body::Chunked => self.take_chunks()?,
        };
        Ok(Response { status: head.status, body })
    }

    fn take(&mut self, length: usize) -> Result<Vec<u8>> {
        while self.buffer.len() < length {
            self.read_more()?;
        }
        Ok(self.buffer.drain(..length).collect())
    }

    fn take_chunks(&mut self) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let chunk = httparse::parse_chunk_size(&self.buffer);
            let Ok(chunk) = chunk else {
                bail!("a chunked response with a malformed chunk size");
            };
            let httparse::Status::Complete((start, size)) = chunk else {
                self.read_more()?;
                continue;
            };
            self.take(start)?;
            let size = usize::try_from(size).context("a chunk that no memory can hold")?;
            body.extend(self.take(size)?);
            // The line end behind the chunk; no trailers follow the last one here.
            self.take(2)?;
            if size == 0 {
                return Ok(body);
            }
        }
    }

    fn read_more(&mut self) -> Result<()> {
        ensure!(self.buffer.len() < LONGEST_HEAD * 16, "the response is too long");
        let mut chunk = [0; 4096];
        let read = self.stream.read(&mut chunk).context("no answer")?;
        ensure!(read > 0, "the connection was closed before the answer was whole");
        self.buffer.extend(chunk.iter().take(read));
        Ok(())
    }
}

struct Head {
    status: u16,
    length: usize,
    body: Body,
}

#[derive(Debug, PartialEq)]
enum Body {
    Sized(usize),
    Chunked,
}

fn parse_response(bytes: &[u8]) -> Result<Option<Head>> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(length) = response.parse(bytes)? else {
        return Ok(None);
    };
    let mut body = Body::Sized(0);
    for header in response.headers.iter() {
        if header.name.eq_ignore_ascii_case("content-length") {
            body = Body::Sized(std::str::from_utf8(header.value)?.trim().parse()?);
        } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
            body = Body::Chunked;
        }
    }
    Ok(Some(Head { status: response.code.context("a response without a status")?, length, body }))
}

/// The length of the first request's head in `bytes`, once it is whole.
pub(crate) fn request_head(bytes: &[u8]) -> Result<Option<usize>> {
    ensure!(bytes.len() < LONGEST_HEAD, "the request's head is too long");
    let mut headers = [httparse::EMPTY_HEADER; 64];
    match httparse::Request::new(&mut headers).parse(bytes)? {
        httparse::Status::Complete(length) => Ok(Some(length)),
        httparse::Status::Partial => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_is_measured_by_its_head() {
        let whole = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nnope";
        let head = parse_response(whole).unwrap().unwrap();
        assert_eq!((head.status, head.body), (403, Body::Sized(4)));
        assert_eq!(whole.len() - head.length, 4);
        assert!(parse_response(&whole[..20]).unwrap().is_none());
        assert!(parse_response(b"SSH-2.0-x\r\n\r\n").is_err());
    }

    #[test]
    fn chunks_are_put_together_and_what_follows_is_left() {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let mut connection = Connection::open(listener.local_addr().unwrap().port()).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        for _ in 0..2 {
            let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n\
                            3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n";
            server.write_all(chunked).unwrap();
        }
        for _ in 0..2 {
            let response = connection.exchange(b"GET / HTTP/1.1\r\n\r\n").unwrap();
            assert_eq!(response.body, b"abc0123456789");
        }
        server.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n").unwrap();
        assert!(connection.exchange(b"GET / HTTP/1.1\r\n\r\n").is_err());
    }
}
