//! A raw HTTP/1.1 client: sends the bytes that it is given, whatever they are, and reads one
//! response (RFC 9112). Ordinary clients refuse to send what an attacker would.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long a request may take: generous, because a debug build verifies signatures slowly.
const TIMEOUT: Duration = Duration::from_secs(20);
const MAX_HEADERS: usize = 128;

/// A response, read to its end.
#[derive(Debug, Clone, Default)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The headers, in order, repetitions included.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// The first value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// serde's, with its place.
    pub fn json(&self) -> serde_json::Result<serde_json::Value> {
        serde_json::from_slice(&self.body)
    }
}

/// Sends `request` over a connection of its own and reads the response.
///
/// # Errors
/// The socket's, or `InvalidData` when what comes back is no HTTP/1.1 response.
pub fn send(address: SocketAddr, request: &[u8]) -> io::Result<Response> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    stream.set_nodelay(true)?;
    stream.write_all(request)?;
    read_response(&mut stream, request.starts_with(b"HEAD "))
}

/// A plain GET of an absolute path, as the admin interface is asked.
///
/// # Errors
/// As [`send`].
pub fn get(address: SocketAddr, path: &str) -> io::Result<Response> {
    request(address, "GET", path)
}

/// As [`get`], with another method and an empty body.
///
/// # Errors
/// As [`send`].
pub fn request(address: SocketAddr, method: &str, path: &str) -> io::Result<Response> {
    let head = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\ncontent-length: 0\r\n\r\n");
    send(address, head.as_bytes())
}

/// Reads one response off a stream; `to_head` if it answers a HEAD and has no body.
///
/// # Errors
/// As [`send`].
pub fn read_response(stream: &mut impl Read, to_head: bool) -> io::Result<Response> {
    let mut reader = Reader { stream, buffer: Vec::new() };
    loop {
        let head = reader.head()?;
        let mut slots = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut parsed = httparse::Response::new(&mut slots);
        parsed.parse(&head).map_err(invalid)?;
        let status = parsed.code.unwrap_or_default();
        if (100..200).contains(&status) {
            continue;
        }
        let headers = owned(parsed.headers);
        let body = match status {
            _ if to_head => Vec::new(),
            204 | 304 => Vec::new(),
            _ => reader.body(&headers, true)?,
        };
        return Ok(Response { status, headers, body });
    }
}

/// Reads messages off a connection that may hold several.
pub(crate) struct Reader<'a, R> {
    pub(crate) stream: &'a mut R,
    pub(crate) buffer: Vec<u8>,
}

impl<R: Read> Reader<'_, R> {
    /// The bytes up to and with the empty line.
    pub(crate) fn head(&mut self) -> io::Result<Vec<u8>> {
        loop {
            if let Some(end) = self.buffer.windows(4).position(|w| w == b"\r\n\r\n") {
                let rest = self.buffer.split_off(end + 4);
                return Ok(std::mem::replace(&mut self.buffer, rest));
            }
            self.more()?;
        }
    }

    /// The body that these headers announce; up to the connection's end if they announce none and
    /// `until_close`.
    pub(crate) fn body(
        &mut self,
        headers: &[(String, Vec<u8>)],
        until_close: bool,
    ) -> io::Result<Vec<u8>> {
        if find(headers, "transfer-encoding").is_some() {
            return self.chunks();
        }
        match find(headers, "content-length") {
            Some(length) => self.take(length.parse().map_err(invalid)?),
            None if until_close => {
                self.stream.read_to_end(&mut self.buffer)?;
                Ok(std::mem::take(&mut self.buffer))
            }
            None => Ok(Vec::new()),
        }
    }

    fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let size = self.line()?;
            let digits = size.split(';').next().unwrap_or_default().trim();
            let size = usize::from_str_radix(digits, 16).map_err(invalid)?;
            if size == 0 {
                while !self.line()?.is_empty() {}
                return Ok(body);
            }
            body.extend(self.take(size)?);
            self.line()?;
        }
    }

    fn line(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|w| w == b"\r\n") {
                let line: Vec<u8> = self.buffer.drain(..end + 2).take(end).collect();
                return String::from_utf8(line).map_err(invalid);
            }
            self.more()?;
        }
    }

    fn take(&mut self, length: usize) -> io::Result<Vec<u8>> {
        while self.buffer.len() < length {
            self.more()?;
        }
        let rest = self.buffer.split_off(length);
        Ok(std::mem::replace(&mut self.buffer, rest))
    }

    fn more(&mut self) -> io::Result<()> {
        let mut chunk = [0; 16 * 1024];
        match self.stream.read(&mut chunk)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            read => {
                self.buffer.extend(chunk.iter().take(read));
                Ok(())
            }
        }
    }
}

pub(crate) fn owned(headers: &[httparse::Header<'_>]) -> Vec<(String, Vec<u8>)> {
    headers.iter().map(|h| (h.name.to_owned(), h.value.to_vec())).collect()
}

pub(crate) fn find<'a>(headers: &'a [(String, Vec<u8>)], name: &str) -> Option<&'a str> {
    let (_, value) = headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name))?;
    std::str::from_utf8(value).ok()
}

pub(crate) fn invalid(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunked_body_is_put_together() {
        let mut wire: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 Forbidden\r\n\
            Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n";
        let response = read_response(&mut wire, false).unwrap();
        assert_eq!((response.status, response.body.as_slice()), (403, &b"abcde"[..]));
    }

    #[test]
    fn a_response_that_breaks_off_is_an_error() {
        let mut wire: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabc";
        let error = read_response(&mut wire, false).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
