//! The service behind the proxy: answers every request with a short 200, as cheaply as
//! it can, over keep-alive connections with a thread each. A route with
//! `direct_response` instead would skip Envoy's router, which every variant must pass.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    thread,
};

use anyhow::{Context as _, Result};

use crate::http;

const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 3\r\n\r\nok\n";

/// A running upstream; its threads end with the process.
#[derive(Debug)]
pub(crate) struct Upstream {
    port: u16,
}

impl Upstream {
    pub(crate) fn start() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .context("cannot open a port for the upstream")?;
        let port = listener.local_addr()?.port();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A connection that fails shows in the client as a status or a closed
                // connection, so its error needs no second report here.
                thread::spawn(move || serve(stream));
            }
        });
        Ok(Self { port })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

fn serve(mut stream: TcpStream) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(4096);
    let mut chunk = [0; 4096];
    loop {
        while let Some(length) = http::request_head(&buffer)? {
            stream.write_all(ANSWER)?;
            buffer.drain(..length);
        }
        let read = stream.read(&mut chunk)?;
        if read == 0 {
            return Ok(());
        }
        buffer.extend(chunk.iter().take(read));
    }
}
