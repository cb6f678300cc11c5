//! The protocol of PostgreSQL, as far as faults need it.
//! <https://www.postgresql.org/docs/15/protocol-message-formats.html>

use std::io;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{Fault, Moment, Shared, lookalike::Treatment, raise};

/// The codes of the encryption requests that may precede a session: TLS and GSSAPI.
const ENCRYPTION_REQUESTS: [i32; 2] = [80_877_103, 80_877_104];

/// Relays between a client and the server until one of them, or a fault, ends the session.
pub(super) async fn serve(shared: &Shared, mut client: TcpStream) -> io::Result<()> {
    client.set_nodelay(true)?;
    let startup = loop {
        let length = client.read_i32().await?;
        let mut rest = vec![0; usize::try_from(length - 4).map_err(io::Error::other)?];
        client.read_exact(&mut rest).await?;
        shared.delay(Moment::Any).await;
        if !ENCRYPTION_REQUESTS.iter().any(|code| rest.starts_with(&code.to_be_bytes())) {
            break [&length.to_be_bytes()[..], &rest].concat();
        }
        client.write_all(b"N").await?;
    };
    let refuses = |fault: &Fault| matches!(fault, Fault::RefuseSessions(_));
    if let Some(Fault::RefuseSessions(code)) = shared.take(refuses) {
        let fields = format!("SFATAL\0VFATAL\0C{code}\0Minjected fault\0\0");
        return client.write_all(&message(b'E', fields.as_bytes())).await;
    }
    let mut server = TcpStream::connect(shared.server()).await?;
    server.set_nodelay(true)?;
    server.write_all(&startup).await?;
    Session::default().relay(shared, client, server).await
}

/// A message from either side: its type, its length including these four bytes, its body.
fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).expect("a short message");
    [&[kind][..], &length.to_be_bytes(), body].concat()
}

/// Removes and returns the first complete message.
fn cut_off(bytes: &mut Vec<u8>) -> Option<Vec<u8>> {
    let length = u32::from_be_bytes(bytes.get(1..5)?.try_into().expect("four bytes"));
    let end = usize::try_from(length).expect("a length") + 1;
    (bytes.len() >= end).then(|| bytes.drain(..end).collect())
}

/// A session in progress.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent of each other")]
struct Session {
    from_client: Vec<u8>,
    from_server: Vec<u8>,
    is_in_transaction: bool,
    /// The server's messages are dropped until the end (`ReadyForQuery`) of its response to what the client did not send.
    is_hiding: bool,
    /// Messages are dropped until the end of the statement that they belong to (`Sync`).
    is_replacing: bool,
    /// The connection is cut at the end of the server's response.
    is_last: bool,
}

impl Session {
    async fn relay(
        mut self,
        shared: &Shared,
        mut client: TcpStream,
        mut server: TcpStream,
    ) -> io::Result<()> {
        loop {
            tokio::select! {
                read = client.read_buf(&mut self.from_client) => {
                    if read? == 0 {
                        return Ok(());
                    }
                    shared.delay(Moment::Any).await;
                    while let Some(message) = cut_off(&mut self.from_client) {
                        let passed_on = self.passed_on(shared, message).await;
                        let Some(message) = passed_on else { return Ok(()) };
                        server.write_all(&message).await?;
                    }
                }
                read = server.read_buf(&mut self.from_server) => {
                    if read? == 0 {
                        return Ok(());
                    }
                    while let Some(message) = cut_off(&mut self.from_server) {
                        if self.is_hiding {
                            self.is_hiding = message[0] != b'Z';
                            continue;
                        }
                        if message[0] == b'Z' {
                            if self.is_last {
                                return Ok(());
                            }
                            self.is_in_transaction = message[5] == b'T';
                        }
                        if !self.is_last {
                            client.write_all(&message).await?;
                        }
                    }
                }
            }
        }
    }

    /// What to forward for a message of the client; `None` if the connection is to be cut.
    async fn passed_on(&mut self, shared: &Shared, sent: Vec<u8>) -> Option<Vec<u8>> {
        let kind = sent[0];
        if self.is_replacing {
            self.is_replacing = kind != b'S';
            return Some(Vec::new());
        }
        let moment = self.moment(kind, &sent[5..]);
        let (before, sent) =
            if shared.is_lookalike { self.disguised(sent) } else { (Vec::new(), sent) };
        let (Some(moment), false) = (moment, self.is_replacing) else { return Some(sent) };
        shared.delay(moment).await;
        let fault = shared.take(|fault| match fault {
            Fault::CutBeforeCommit | Fault::CutAfterCommit => moment == Moment::Commit,
            Fault::Replace(at, _) => at.is(moment),
            Fault::Delay(..) | Fault::RefuseSessions(_) => false,
        });
        match fault {
            Some(Fault::CutBeforeCommit) => return None,
            Some(Fault::CutAfterCommit) => self.is_last = true,
            Some(Fault::Replace(_, sql)) => {
                self.is_replacing = kind != b'Q';
                return Some(message(b'Q', format!("{sql}\0").as_bytes()));
            }
            _ => {}
        }
        self.is_hiding = !before.is_empty();
        Some([before, sent].concat())
    }

    /// What to send before a message, and instead of it, so that the server seems to be another one.
    fn disguised(&mut self, sent: Vec<u8>) -> (Vec<u8>, Vec<u8>) {
        let (kind, body) = (sent[0], &sent[5..]);
        if !matches!(kind, b'Q' | b'P') {
            return (Vec::new(), sent);
        }
        // `Parse` has the name of the statement before it.
        let parts: Vec<&[u8]> = body.split(|byte| *byte == 0).collect();
        let place = usize::from(kind == b'P');
        let sql = String::from_utf8_lossy(parts[place]);
        match Treatment::of(&sql, self.is_in_transaction) {
            Treatment::Same => (Vec::new(), sent),
            Treatment::Instead(other) => {
                let mut parts = parts.clone();
                parts[place] = other.as_bytes();
                (Vec::new(), message(kind, &parts.join(&0)))
            }
            Treatment::CommitBefore => (message(b'Q', b"COMMIT AND CHAIN\0"), sent),
            Treatment::Unknown => {
                self.is_replacing = kind != b'Q';
                (Vec::new(), message(b'Q', format!("{}\0", raise("42883")).as_bytes()))
            }
        }
    }

    /// What a message starts: `Query`, or the `Parse` or `Bind` of a prepared statement.
    fn moment(&self, kind: u8, body: &[u8]) -> Option<Moment> {
        let is = |word: &str| kind == b'Q' && body.starts_with(word.as_bytes());
        match kind {
            _ if is("BEGIN") => Some(Moment::Begin),
            _ if is("COMMIT") => Some(Moment::Commit),
            _ if is("ROLLBACK") => None,
            // The service sets up a session.
            _ if is("SELECT version") || is("SELECT pg_is_in_recovery") => None,
            b'Q' | b'P' | b'B' if self.is_in_transaction => Some(Moment::InTransaction),
            b'Q' | b'P' | b'B' => Some(Moment::Statement),
            _ => None,
        }
    }
}
