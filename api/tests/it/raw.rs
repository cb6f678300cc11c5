//! Raw requests that no client would send.

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use testkit::{Client, TestApp};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

/// A connection that is silent for this long is considered finished.
const REST: Duration = Duration::from_secs(2);

/// How long a response may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// What came back on one connection.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) text: String,
    /// Whether the service closed the connection.
    pub(crate) is_closed: bool,
}

impl Heard {
    /// The status of each response, in order.
    pub(crate) fn statuses(&self) -> Vec<u16> {
        let after = self.text.split("HTTP/1.1 ").skip(1);
        after.filter_map(|answer| answer.get(..3)?.parse().ok()).collect()
    }
}

/// A request whose head is sent and whose body is withheld.
pub(crate) struct Held {
    stream: TcpStream,
    body: Vec<u8>,
}

impl Held {
    pub(crate) async fn start(
        app: &TestApp,
        client: &Client,
        method: &Method,
        path: &str,
        body: &Value,
    ) -> Self {
        let body = body.to_string().into_bytes();
        let token = client.token.as_deref().unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Authorization: Bearer {token}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        let mut stream = connect(app).await;
        stream.write_all(head.as_bytes()).await.unwrap();
        Self { stream, body }
    }

    /// Sends the body. Returns the status and the body of the response.
    pub(crate) async fn finish(mut self) -> (u16, Value) {
        // A request that is rejected by its head may not be read to its end.
        let _ = self.stream.write_all(&self.body).await;
        let mut heard = Vec::new();
        let reading = self.stream.read_to_end(&mut heard);
        timeout(Duration::from_secs(30), reading).await.unwrap().unwrap();
        let heard = String::from_utf8(heard).unwrap();
        let (head, body) = heard.split_once("\r\n\r\n").unwrap();
        let status = head.strip_prefix("HTTP/1.1 ").unwrap()[..3].parse().unwrap();
        (status, serde_json::from_str(body).unwrap_or(Value::Null))
    }
}

/// A connection to the service.
pub(crate) async fn connect(app: &TestApp) -> TcpStream {
    let address = app.address().strip_prefix("http://").unwrap();
    TcpStream::connect(address).await.unwrap()
}

/// A connection from this address of the machine, which can receive little at a time.
pub(crate) async fn connect_from(app: &TestApp, address: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    socket.bind(format!("{address}:0").parse().unwrap()).unwrap();
    let service = app.address().strip_prefix("http://").unwrap().parse().unwrap();
    socket.connect(service).await.unwrap()
}

/// Requests from this address whose responses are not read: more than what the system buffers, if each is
/// 1 MiB.
pub(crate) async fn unread(app: &TestApp, address: &str, path: &str) -> TcpStream {
    let mut stream = connect_from(app, address).await;
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
    stream.write_all(request.repeat(6).as_bytes()).await.unwrap();
    stream
}

/// Sends raw bytes, and reads what comes back until the connection is closed or silent.
pub(crate) async fn send(app: &TestApp, bytes: &[u8]) -> Heard {
    hear(connect(app).await, bytes, REST).await
}

/// Sends requests that get this many responses, and reads what comes back until a moment after those.
pub(crate) async fn send_for(app: &TestApp, bytes: &[u8], responses: usize) -> Heard {
    let mut stream = connect(app).await;
    let mut heard =
        hear_while(&mut stream, bytes, PATIENCE, |heard| heard.statuses().len() < responses).await;
    if !heard.is_closed {
        let rest = hear(stream, &[], Duration::from_millis(300)).await;
        heard.text += &rest.text;
        heard.is_closed = rest.is_closed;
    }
    heard
}

/// Like [`send`], byte by byte.
pub(crate) async fn send_slowly(app: &TestApp, bytes: &[u8]) -> Heard {
    let mut stream = connect(app).await;
    stream.set_nodelay(true).unwrap();
    for byte in bytes {
        stream.write_all(&[*byte]).await.unwrap();
    }
    hear(stream, &[], REST).await
}

/// Sends a request with `Connection: close`, which must get a response in time.
pub(crate) async fn exchange(app: &TestApp, request: &[u8]) -> Heard {
    let heard = hear(connect(app).await, request, PATIENCE).await;
    assert!(heard.is_closed && heard.statuses().len() == 1, "{heard:?}");
    heard
}

async fn hear(mut stream: TcpStream, bytes: &[u8], rest: Duration) -> Heard {
    hear_while(&mut stream, bytes, rest, |_| true).await
}

async fn hear_while(
    stream: &mut TcpStream,
    bytes: &[u8],
    rest: Duration,
    goes_on: impl Fn(&Heard) -> bool,
) -> Heard {
    // A request that is rejected early may not be read to its end.
    let _ = stream.write_all(bytes).await;
    let mut heard = Heard { text: String::new(), is_closed: false };
    let mut buffer = vec![0; 64 * 1024];
    while goes_on(&heard) && !heard.is_closed {
        match timeout(rest, stream.read(&mut buffer)).await {
            Ok(Ok(length @ 1..)) => heard.text += &String::from_utf8_lossy(&buffer[..length]),
            Ok(_) => heard.is_closed = true,
            Err(_) => break,
        }
    }
    heard
}
