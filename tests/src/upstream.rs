//! An upstream that answers with what it saw, and remembers it: only so can a test say that a
//! denied request never arrived. HTTP/1.1 with keep-alive, a thread a connection.

use std::collections::HashMap;
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tungstenite::handshake::derive_accept_key;
use tungstenite::protocol::{Message, Role, WebSocket};

use crate::client::{Reader, find, invalid, owned};

/// The request header by which a test finds its own requests again.
pub const CASE_HEADER: &str = "x-case";
/// With this in it, the answer has no end: a part every few milliseconds until the client goes.
pub const ENDLESS: &str = "endless";
/// How often an answer without an end goes on.
const PART: Duration = Duration::from_millis(20);

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The cell that it arrived at.
    pub cell: String,
    /// The method.
    pub method: String,
    /// The request target.
    pub path: String,
    /// The headers, in order, repetitions included.
    pub headers: Vec<(String, Vec<u8>)>,
}

impl Seen {
    /// The first value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    fn to_json(&self) -> Value {
        let text = |bytes: &[u8]| bytes.iter().map(|&b| char::from(b)).collect::<String>();
        let headers: Vec<_> = self.headers.iter().map(|(n, v)| json!([n, text(v)])).collect();
        json!({
            "cell": self.cell, "method": self.method, "path": self.path, "headers": headers,
        })
    }
}

type SeenByCase = Mutex<HashMap<String, Vec<Seen>>>;

/// One cell's upstream. Stops listening when it is dropped.
#[derive(Debug)]
pub struct Upstream {
    address: SocketAddr,
    seen: Arc<SeenByCase>,
    stop: Arc<AtomicBool>,
}

impl Upstream {
    /// Listens on a free port of the loopback address.
    ///
    /// # Errors
    /// The socket's.
    pub fn start(cell: &str) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let upstream =
            Self { address: listener.local_addr()?, seen: Arc::default(), stop: Arc::default() };
        let (cell, seen, stop) = (cell.to_owned(), upstream.seen.clone(), upstream.stop.clone());
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                let (cell, seen) = (cell.clone(), seen.clone());
                // A connection ends when its peer goes; what it ends with is nobody's concern.
                thread::spawn(move || drop(serve(&cell, stream, &seen)));
            }
        });
        Ok(upstream)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What arrived with this value in [`CASE_HEADER`], in order.
    #[must_use]
    pub fn seen(&self, case: &str) -> Vec<Seen> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(case).cloned().unwrap_or_default()
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for a connection, so that it sees the flag.
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(cell: &str, mut stream: TcpStream, seen: &SeenByCase) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut output = stream.try_clone()?;
    let mut reader = Reader { stream: &mut stream, buffer: Vec::new() };
    loop {
        let request = parse(cell, &reader.head()?)?;
        reader.body(&request.headers, false)?;
        let body = format!("{}\n", request.to_json());
        let to_head = request.method == "HEAD";
        let endless = Endless::of(&request);
        if let Some(case) = request.header(CASE_HEADER).map(str::to_owned) {
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.entry(case).or_default().push(request);
        }
        if let Some(endless) = endless {
            return endless.go_on(output);
        }
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        output.write_all(head.as_bytes())?;
        if !to_head {
            output.write_all(body.as_bytes())?;
        }
    }
}

/// An answer without an end, of the kind that was asked for.
enum Endless {
    /// Chunks (RFC 9112, section 7.1) of a type, all alike.
    Chunks(&'static str, &'static [u8]),
    /// A WebSocket (RFC 6455), opened by this key.
    WebSocket(String),
}

impl Endless {
    fn of(request: &Seen) -> Option<Self> {
        let header = |name| request.header(name).unwrap_or_default();
        if header(CASE_HEADER) != ENDLESS {
            return None;
        }
        Some(match (header("upgrade"), header("content-type"), header("accept")) {
            ("websocket", ..) => Self::WebSocket(header("sec-websocket-key").to_owned()),
            // An empty message: not compressed, no bytes.
            (_, "application/grpc", _) => Self::Chunks("application/grpc", &[0; 5]),
            (.., "text/event-stream") => Self::Chunks("text/event-stream", b"data: more\n\n"),
            _ => Self::Chunks("text/plain", b"more"),
        })
    }

    /// Goes on until the connection does not.
    fn go_on(self, mut output: TcpStream) -> io::Result<()> {
        match self {
            Self::Chunks(kind, part) => {
                let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-type: ";
                write!(output, "{head}{kind}\r\n\r\n")?;
                loop {
                    let length = format!("{:x}\r\n", part.len());
                    output.write_all(&[length.as_bytes(), part, b"\r\n"].concat())?;
                    thread::sleep(PART);
                }
            }
            Self::WebSocket(key) => {
                let head = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n";
                let accept = derive_accept_key(key.as_bytes());
                let accept = format!("sec-websocket-accept: {accept}");
                write!(output, "{head}connection: upgrade\r\n{accept}\r\n\r\n")?;
                let mut socket = WebSocket::from_raw_socket(output, Role::Server, None);
                loop {
                    socket.send(Message::text("more")).map_err(invalid)?;
                    thread::sleep(PART);
                }
            }
        }
    }
}

fn parse(cell: &str, head: &[u8]) -> io::Result<Seen> {
    let mut slots = [httparse::EMPTY_HEADER; 256];
    let mut request = httparse::Request::new(&mut slots);
    request.parse(head).map_err(invalid)?;
    Ok(Seen {
        cell: cell.to_owned(),
        method: request.method.unwrap_or_default().to_owned(),
        path: request.path.unwrap_or_default().to_owned(),
        headers: owned(request.headers),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client;

    #[test]
    fn it_answers_with_what_it_saw_and_remembers_it() {
        let upstream = Upstream::start("acme-eu").unwrap();
        let request =
            b"PUT /a?b HTTP/1.1\r\nx-case: 1\r\nX-A: 1\r\nx-a: \xff\r\ncontent-length: 2\r\n\r\nhi";
        let response = client::send(upstream.address(), request).unwrap();
        assert_eq!(response.status, 200);
        assert_eq!(
            response.json().unwrap(),
            json!({"cell": "acme-eu", "method": "PUT", "path": "/a?b", "headers": [
                ["x-case", "1"], ["X-A", "1"], ["x-a", "\u{ff}"], ["content-length", "2"],
            ]})
        );
        assert_eq!(upstream.seen("1").len(), 1);
        assert_eq!(upstream.seen("2").len(), 0);
    }
}
