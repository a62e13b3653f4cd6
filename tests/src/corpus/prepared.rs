//! A case made ready: its tokens signed, its request in the shapes that the runners need.

use std::collections::BTreeMap;

use super::table::{Case, Personas};
use super::{CorpusError, template, token};

/// Headers as the core takes them, pseudo-headers included.
pub type HeaderList = Vec<(String, Vec<u8>)>;

/// A request of the corpus, ready to be sent or decided.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The method.
    pub method: String,
    /// The request target as bytes.
    pub path: Vec<u8>,
    /// The authority.
    pub authority: String,
    /// The other headers, in order.
    pub headers: HeaderList,
    /// Pseudo-headers that are left out.
    without: Vec<String>,
}

impl Prepared {
    /// Signs the tokens of `case` for the time `now` and fills them in.
    ///
    /// # Errors
    /// [`CorpusError`]: a mistake in the table.
    pub fn new(case: &Case, personas: &Personas, now: u64) -> Result<Self, CorpusError> {
        let mut tokens = BTreeMap::new();
        for (name, source) in &case.tokens {
            tokens.insert(name.clone(), token::make(source, personas, now)?);
        }
        if let Some(source) = &case.token {
            tokens.insert(String::new(), token::make(source, personas, now)?);
        }
        let usual = case.token.iter().map(|_| "Bearer {token}".to_owned());
        let authorization = case.authorization.clone().unwrap_or_else(|| usual.collect());

        let mut headers = HeaderList::new();
        for value in &authorization {
            let value = latin1(&template::fill_tokens(value, &tokens)?)?;
            headers.push(("authorization".to_owned(), value));
        }
        for (name, value) in &case.request.headers {
            headers.push((name.clone(), latin1(&template::fill_tokens(value, &tokens)?)?));
        }
        Ok(Self {
            method: case.request.method.clone(),
            path: latin1(&case.request.path)?,
            authority: case.request.authority.clone(),
            headers,
            without: case.request.without.clone(),
        })
    }

    /// The headers as the core takes them.
    #[must_use]
    pub fn header_list(&self) -> HeaderList {
        let pseudo = [
            (":method", self.method.as_bytes()),
            (":scheme", b"http"),
            (":authority", self.authority.as_bytes()),
            (":path", &self.path),
        ];
        pseudo
            .into_iter()
            .filter(|(name, _)| !self.without.iter().any(|left_out| left_out == name))
            .map(|(name, value)| (name.to_owned(), value.to_vec()))
            .chain(self.headers.iter().cloned())
            .collect()
    }

    /// The request as HTTP/1.1 on the wire, with `extra` headers at the end.
    #[must_use]
    pub fn http1(&self, extra: &[(&str, &str)]) -> Vec<u8> {
        let mut wire = [self.method.as_bytes(), b" ", &self.path, b" HTTP/1.1\r\nhost: "].concat();
        wire.extend_from_slice(self.authority.as_bytes());
        let extra = extra.iter().map(|(name, value)| (*name, value.as_bytes()));
        for (name, value) in
            self.headers.iter().map(|(n, v)| (n.as_str(), v.as_slice())).chain(extra)
        {
            wire.extend_from_slice(&[b"\r\n", name.as_bytes(), b": ", value].concat());
        }
        wire.extend_from_slice(b"\r\n\r\n");
        wire
    }
}

/// One character is one byte.
fn latin1(text: &str) -> Result<Vec<u8>, CorpusError> {
    text.chars()
        .map(|c| u8::try_from(u32::from(c)))
        .collect::<Result<_, _>>()
        .map_err(|_| CorpusError::NotLatin1 { text: text.to_owned() })
}
