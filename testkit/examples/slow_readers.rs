//! Measures the service at `SERVICE_URL`, whose process is `SERVICE_PID`, while 1,000 clients request pages of
//! 1 MiB and read nothing: first all from one address, when another client must get its answers; then each
//! from an address of its own. The peak of its memory must stay below a limit. Needs Linux, where the
//! addresses of the loopback interface are all of 127.0.0.0/8.

#![expect(clippy::expect_used, reason = "a measurement that can't continue fails on the spot")]

use std::{
    env, fs,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};

use serde_json::json;
use testkit::Client;
use tokio::{
    io::AsyncWriteExt,
    net::{TcpSocket, TcpStream},
    time::sleep,
};

const CLIENTS: u16 = 1_000;

/// More than what the system buffers on a connection.
const REQUESTS: usize = 8;

const PAGE: &str = "/api/notes?limit=200";
const DURATION: Duration = Duration::from_secs(12);

/// The most memory that the service may use, in KiB.
const LIMIT: u64 = 300 * 1024;

#[tokio::main]
async fn main() {
    let url = env::var("SERVICE_URL").expect("SERVICE_URL is set");
    let process = env::var("SERVICE_PID").expect("SERVICE_PID is set");
    let author = Client::of(&url);
    author.sign_up("author").await;
    let author = author.log_in("author").await;
    for _ in 0..60 {
        author.post("/api/notes", json!({ "content": "€".repeat(10_000) })).await.created();
    }
    println!("before: peak of {} KiB", peak_memory(&process));

    let service = url.strip_prefix("http://").expect("an address").parse().expect("an address");
    let connections = flood(service, |_| 0).await;
    let (answered, asked) = answers(&author).await;
    println!("1,000 clients of one address: {} KiB", peak_memory(&process));
    println!("another client: {answered} of {asked} requests answered");
    drop(connections);

    let connections = flood(service, |number| number).await;
    let (spread, _) = answers(&author).await;
    drop(connections);
    let peak = peak_memory(&process);
    println!("1,000 clients of 1,000 addresses: {peak} KiB; at most {LIMIT} KiB required");
    println!("another client: {spread} requests answered");
    assert!(peak <= LIMIT && answered == asked, "too much memory, or too few answers");
}

/// Requests of clients whose addresses depend on their number.
async fn flood(service: SocketAddr, address: impl Fn(u16) -> u16) -> Vec<TcpStream> {
    let mut connections = Vec::new();
    for number in 0..CLIENTS {
        connections.push(request(service, address(number)).await);
    }
    connections
}

/// How many requests of another client are answered within a while, and how many there were.
async fn answers(client: &Client) -> (usize, usize) {
    let (mut answered, mut asked) = (0, 0);
    let until = Instant::now() + DURATION;
    while Instant::now() < until {
        asked += 1;
        answered += usize::from(client.get("/api/notes?limit=5").await.status == 200);
        sleep(Duration::from_millis(100)).await;
    }
    (answered, asked)
}

/// Sends requests from the address with this number.
async fn request(service: SocketAddr, number: u16) -> TcpStream {
    let [high, low] = number.to_be_bytes();
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4_096).expect("a buffer");
    let address = IpAddr::V4(Ipv4Addr::new(127, 1, high, low));
    socket.bind(SocketAddr::new(address, 0)).expect("an address");
    let mut stream = socket.connect(service).await.expect("a connection");
    let request = format!("GET {PAGE} HTTP/1.1\r\nHost: x\r\n\r\n").repeat(REQUESTS);
    stream.write_all(request.as_bytes()).await.expect("a connection");
    stream
}

fn peak_memory(process: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("a process");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    peak.trim().trim_end_matches(" kB").parse().expect("a number")
}
