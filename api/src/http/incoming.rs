//! What a client sends, before actix reads it. Two things are done to the heads of requests:
//!
//! - Offers to upgrade are declined by removing them (RFC 9110, 7.8). After the response to any `Connection:
//!   upgrade`, actix would close the connection without having said so; and after `Upgrade: websocket` it
//!   would take all that follows for the body, whatever `Content-Length` is.
//! - A head with a line feed that does not follow a carriage return is rejected, since others may see other
//!   lines in it than actix does.

use actix_http::{
    HttpMessage, Request, ServiceConfig,
    h1::{Codec, Message, MessageType},
    header::{CONNECTION, HeaderValue, UPGRADE},
};
use actix_web::web::BytesMut;
use tokio::io::ReadBuf;
use tokio_util::codec::Decoder;

/// What actix answers with 400 before it closes the connection.
const MALFORMED: &[u8] = b"\0\r\n\r\n";

/// Passes requests on, and decodes them as actix will, to know where their heads are.
pub(super) struct Incoming {
    config: ServiceConfig,
    codec: Codec,
    /// What the decoder has not taken yet.
    encoded: BytesMut,
    /// The same bytes, as they are passed on.
    received: BytesMut,
    /// What can be passed on.
    checked: BytesMut,
    /// Whether it is malformed from here on, and passed on as it is.
    is_malformed: bool,
}

impl Incoming {
    pub(super) fn new(config: ServiceConfig) -> Self {
        Self {
            codec: Codec::new(config.clone()),
            config,
            encoded: BytesMut::new(),
            received: BytesMut::new(),
            checked: BytesMut::new(),
            is_malformed: false,
        }
    }

    /// Whether there is nothing to pass on.
    pub(super) fn is_empty(&self) -> bool {
        self.checked.is_empty()
    }

    /// Whether a head has begun that is not complete.
    pub(super) fn is_in_head(&self) -> bool {
        !self.received.is_empty()
    }

    /// Passes on as much as the buffer can take.
    pub(super) fn read(&mut self, buffer: &mut ReadBuf<'_>) {
        let length = self.checked.len().min(buffer.remaining());
        buffer.put_slice(&self.checked.split_to(length));
    }

    /// Takes what has arrived.
    pub(super) fn push(&mut self, mut bytes: &[u8]) {
        while self.is_between_requests()
            && let Some((head, rest)) = plain_head(bytes)
        {
            self.checked.extend_from_slice(head);
            bytes = rest;
        }
        if !bytes.is_empty() {
            self.decode_all(bytes);
        }
    }

    fn is_between_requests(&self) -> bool {
        !self.is_malformed
            && self.received.is_empty()
            && self.codec.message_type() == MessageType::None
    }

    fn decode_all(&mut self, bytes: &[u8]) {
        self.received.extend_from_slice(bytes);
        if !self.is_malformed {
            self.encoded.extend_from_slice(bytes);
        }
        while let Some(message) = self.decode() {
            let part = self.decoded();
            match message {
                Message::Item(request) => self.check_head(&request, part),
                Message::Chunk(_) => self.checked.unsplit(part),
            }
        }
        let part = self.decoded();
        self.checked.unsplit(part);
    }

    /// Passes on what has arrived in part, since no more will. Returns whether that is anything.
    pub(super) fn end(&mut self) -> bool {
        self.reject();
        self.decode_all(&[]);
        !self.is_empty()
    }

    fn decode(&mut self) -> Option<Message<Request>> {
        let decoded = self.codec.decode(&mut self.encoded);
        decoded.unwrap_or_else(|_malformed| {
            self.reject();
            None
        })
    }

    /// Passes all that follows on, as malformed.
    fn reject(&mut self) {
        self.is_malformed = true;
        self.encoded.clear();
    }

    /// What the decoder has taken.
    fn decoded(&mut self) -> BytesMut {
        self.received.split_to(self.received.len() - self.encoded.len())
    }

    fn check_head(&mut self, request: &Request, head: BytesMut) {
        if has_bare_line_feed(&head) {
            self.checked.extend_from_slice(MALFORMED);
            self.reject();
        } else if offers_upgrade(request) {
            let mut declined = without_upgrade(&head);
            self.checked.extend_from_slice(&declined);
            // The last decoder may expect the offered protocol.
            self.codec = Codec::new(self.config.clone());
            let _ = self.codec.decode(&mut declined);
        } else {
            self.checked.unsplit(head);
        }
    }
}

/// The head that the bytes begin with, and the rest, if actix can't see a body, an offer to upgrade or other lines
/// in it. Most heads are like this, which spares decoding them twice. What is malformed in another way
/// makes actix close the connection.
fn plain_head(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    if !(bytes.starts_with(b"GET ") || bytes.starts_with(b"HEAD ")) {
        return None;
    }
    let mut length = 0;
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        length += line.len();
        match line {
            b"\r\n" => return bytes.split_at_checked(length),
            [line @ .., b'\r', b'\n'] if is_plain(line) => {}
            _ => return None,
        }
    }
    None
}

/// Whether the line is not a header that says where the request ends or which protocol follows.
fn is_plain(line: &[u8]) -> bool {
    const TELLING: [&[u8]; 4] =
        [b"connection", b"content-length", b"transfer-encoding", b"upgrade"];
    let mut parts = line.splitn(2, |&byte| byte == b':');
    let (name, value) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let is_telling = TELLING.iter().any(|known| known.eq_ignore_ascii_case(name.trim_ascii()));
    !is_telling
        || name.len() == b"connection".len()
            && value.trim_ascii().eq_ignore_ascii_case(b"keep-alive")
}

fn has_bare_line_feed(head: &[u8]) -> bool {
    let mut lines = head.split(|&byte| byte == b'\n');
    lines.next_back();
    lines.any(|line| line.last() != Some(&b'\r'))
}

fn offers_upgrade(request: &Request) -> bool {
    let mut connection = request.headers().get_all(CONNECTION).map(HeaderValue::as_bytes);
    request.headers().contains_key(UPGRADE)
        || connection.any(|value| value.split(|&byte| byte == b',').any(is_upgrade))
}

fn is_upgrade(name: &[u8]) -> bool {
    name.trim_ascii().eq_ignore_ascii_case(b"upgrade")
}

/// The head without the header `Upgrade`, and `Connection` without that option.
fn without_upgrade(head: &[u8]) -> BytesMut {
    let mut rest = BytesMut::with_capacity(head.len());
    for line in head.split_inclusive(|&byte| byte == b'\n') {
        match line.splitn(2, |&byte| byte == b':').collect::<Vec<_>>()[..] {
            [name, _] if is_upgrade(name) => {}
            [name, value] if name.eq_ignore_ascii_case(b"connection") => {
                let options =
                    value.split(|&byte| byte == b',').filter(|option| !is_upgrade(option));
                let options =
                    options.map(<[u8]>::trim_ascii).collect::<Vec<_>>().join(b", ".as_slice());
                rest.extend_from_slice(&[b"Connection: ", options.as_slice(), b"\r\n"].concat());
            }
            _ => rest.extend_from_slice(line),
        }
    }
    rest
}

#[cfg(test)]
mod tests {
    use proptest::{
        prelude::*,
        sample::select,
        test_runner::{Config, TestRunner},
    };

    use super::*;

    /// Pieces of heads, well-formed or not.
    const PIECES: &[&str] = &[
        "GET ",
        "HEAD ",
        "POST ",
        "/",
        " HTTP/1.1\r\n",
        " HTTP/1.0\r\n",
        "Host: a\r\n",
        "Accept: */*\r\n",
        "X:\r\n",
        "Content-Length: 3\r\n",
        "content-length:0\r\n",
        "Content-Length : 3\r\n",
        "\tContent-Length: 3\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Connection: Upgrade\r\n",
        "Connection: keep-alive\r\n",
        "Connection: close\r\n",
        "Upgrade: websocket\r\n",
        "Content-Length",
        "Upgrade",
        ":",
        " ",
        "\t",
        "\r",
        "\n",
        "\r\n",
        "\r\n\r\n",
        "3",
        "\0",
        "\u{b}",
    ];

    fn well_formed(headers: &str) -> String {
        format!("GET / HTTP/1.1\r\nHost: a\r\n{headers}\r\n")
    }

    /// Whether actix takes exactly this for a request without a body, or rejects it.
    fn ends_with_its_head(head: &[u8]) -> bool {
        let (mut codec, mut encoded) = (Codec::default(), BytesMut::from(head));
        encoded.extend_from_slice(b"GET / HTTP/1.1\r\nHost: b\r\n\r\n");
        let all = encoded.len();
        match codec.decode(&mut encoded) {
            Ok(Some(Message::Item(request))) => {
                all - encoded.len() == head.len()
                    && codec.message_type() == MessageType::None
                    && !offers_upgrade(&request)
            }
            Ok(_) => false,
            Err(_) => true,
        }
    }

    #[actix_web::test]
    async fn a_plain_head_is_a_whole_request() {
        let pieces = prop::collection::vec(select(PIECES), 0..12);
        let checked = TestRunner::new(Config::default()).run(&pieces, |pieces| {
            for bytes in [pieces.concat(), well_formed(&pieces.concat())] {
                if let Some((head, rest)) = plain_head(bytes.as_bytes()) {
                    prop_assert!(ends_with_its_head(head), "{head:?}");
                    prop_assert_eq!([head, rest].concat(), bytes.as_bytes());
                }
            }
            Ok(())
        });
        checked.unwrap();
    }

    #[test]
    fn usual_heads_are_plain_and_others_are_not() {
        for plain in ["", "Accept: */*\r\nConnection: keep-alive\r\n", "X-Upgrade: 1\r\n"] {
            assert!(plain_head(well_formed(plain).as_bytes()).is_some(), "{plain}");
        }
        for other in [
            "Connection: Upgrade\r\n",
            "Content-Length: 3\r\n",
            "transfer-encoding : chunked\r\n",
            "UPGRADE: websocket\r\n",
            "X: a\nContent-Length: 3\r\n",
        ] {
            assert!(plain_head(well_formed(other).as_bytes()).is_none(), "{other}");
        }
        assert!(plain_head(b"POST / HTTP/1.1\r\nHost: a\r\n\r\n").is_none());
        assert!(plain_head(b"GET / HTTP/1.1\r\nHost: a\r\n").is_none());
    }
}
