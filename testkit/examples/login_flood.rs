//! Measures how fast the service at `SERVICE_URL` still answers reads while it is flooded with logins.
//!
//! Eight clients read notes for 10 seconds, for 30 more while 200 clients log in, with right and wrong
//! passwords in turn, and for 10 after that. The median reads per second with and without the logins are
//! compared; those before and after show how steady the machine was. A number as argument keeps that many
//! connections open during the flood too, half of them silent and half sending a request at one byte per
//! second. If `SERVICE_PID` is set, the peak memory of that process is printed.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a measurement that can't continue fails on the spot"
)]

use std::{
    collections::BTreeMap,
    env, fs,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use testkit::{Client, PASSWORD};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::sleep,
};

const READERS: usize = 8;
const FLOODERS: usize = 200;
const CALM: u64 = 10;
const FLOOD: u64 = 30;

/// Long enough for what is queued to finish.
const PAUSE: Duration = Duration::from_secs(5);

/// The least acceptable ratio.
const LIMIT: f64 = 0.5;

#[tokio::main]
async fn main() {
    let url = env::var("SERVICE_URL").expect("SERVICE_URL is set");
    let connections = env::args().nth(1).map_or(0, |number| number.parse().expect("a number"));
    let anyone = Client::of(&url);
    anyone.sign_up("reader").await;
    let reader = anyone.log_in("reader").await;
    for number in 0..50 {
        let note = json!({ "content": format!("Note {number}: backups are tested by restoring") });
        reader.post("/api/notes", note).await.created();
    }

    println!("reads of {READERS} clients, and {connections} idle connections");
    let mut calm = read(&url, CALM).await;
    calm.print("before");
    let statuses = Arc::default();
    let mut others = JoinSet::new();
    for number in 0..connections {
        others.spawn(linger(url.clone(), number % 2 == 0));
    }
    for number in 0..FLOODERS {
        others.spawn(flood(anyone.clone(), number, Arc::clone(&statuses)));
    }
    let flooded = read(&url, FLOOD).await;
    flooded.print("during");
    others.shutdown().await;
    sleep(PAUSE).await;
    let after = read(&url, CALM).await;
    after.print("after");

    println!("logins by status: {:?}", statuses.lock().expect("lock"));
    if let Some(peak) = env::var("SERVICE_PID").ok().and_then(|pid| peak_memory(&pid)) {
        println!("peak memory of the service: {peak}");
    }
    calm.windows.extend(after.windows);
    let ratio = flooded.per_second() / calm.per_second();
    println!("ratio: {ratio:.2}; at least {LIMIT} required");
    assert!(ratio >= LIMIT, "reads are too slow during the flood");
}

/// The reads of one phase.
#[derive(Default)]
struct Reads {
    /// How many completed in each second.
    windows: Vec<u32>,
    /// How long they took, in milliseconds.
    times: Vec<f64>,
    /// The same with a new connection for each.
    connecting: Vec<f64>,
}

impl Reads {
    fn per_second(&self) -> f64 {
        quantile(self.windows.iter().copied().map(f64::from), 0.5)
    }

    fn print(&self, phase: &str) {
        let times = |times: &[f64]| {
            let [median, p99, most] = [0.5, 0.99, 1.0].map(|q| quantile(times.iter().copied(), q));
            format!("median {median:.1} ms, p99 {p99:.1} ms, at most {most:.1} ms")
        };
        println!("{phase}: {} per second; {}", self.per_second(), times(&self.times));
        println!("{phase}: with a new connection for each: {}", times(&self.connecting));
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "there are not so many values"
)]
fn quantile(values: impl Iterator<Item = f64>, q: f64) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * q).round() as usize]
}

/// Reads notes for this many seconds; each read must succeed.
async fn read(url: &str, seconds: u64) -> Reads {
    let began = Instant::now();
    let end = Duration::from_secs(seconds);
    let mut readers = JoinSet::new();
    for _ in 0..READERS {
        let anyone = reqwest::Client::new();
        let url = url.to_owned();
        readers.spawn(async move {
            let mut reads = Vec::new();
            while began.elapsed() < end {
                reads.push((get(&anyone, &url).await, began.elapsed()));
            }
            reads
        });
    }
    let windows = usize::try_from(seconds).expect("not so many seconds");
    let mut reads = Reads { windows: vec![0; windows], ..Reads::default() };
    while began.elapsed() < end {
        reads.connecting.push(get(&reqwest::Client::new(), url).await);
        sleep(Duration::from_millis(100)).await;
    }
    for (time, ended) in readers.join_all().await.into_iter().flatten() {
        reads.times.push(time);
        let window = usize::try_from(ended.as_secs()).ok();
        if let Some(window) = window.and_then(|window| reads.windows.get_mut(window)) {
            *window += 1;
        }
    }
    reads
}

/// Reads notes once and returns the duration, in milliseconds.
async fn get(anyone: &reqwest::Client, url: &str) -> f64 {
    let began = Instant::now();
    let answer = anyone.get(format!("{url}/api/notes")).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    answer.bytes().await.expect("a body");
    began.elapsed().as_secs_f64() * 1e3
}

/// Logs in over and over, and counts the responses.
async fn flood(anyone: Client, number: usize, statuses: Arc<Mutex<BTreeMap<u16, u32>>>) {
    for turn in number.. {
        let password = if turn % 2 == 0 { PASSWORD } else { "a wrong password" };
        let credentials = json!({ "username": "reader", "password": password });
        let login = anyone.request(reqwest::Method::POST, "/api/login").json(&credentials);
        let answer = login.send().await.expect("an answer");
        let status = answer.status().as_u16();
        drop(answer.json::<Value>().await);
        *statuses.lock().expect("lock").entry(status).or_default() += 1;
    }
}

/// Keeps a useless connection open, and opens another when it is closed.
async fn linger(url: String, is_silent: bool) {
    let address = url.trim_start_matches("http://").to_owned();
    let request = format!("GET /api/notes?search={} HTTP/1.1\r\n", "x".repeat(500));
    loop {
        let Ok(mut connection) = TcpStream::connect(&address).await else {
            sleep(Duration::from_secs(1)).await;
            continue;
        };
        let (mut answers, mut requests) = connection.split();
        let mut answer = [0; 1024];
        let sending = async {
            for byte in request.bytes() {
                if !is_silent && requests.write_all(&[byte]).await.is_err() {
                    return;
                }
                sleep(Duration::from_secs(1)).await;
            }
        };
        tokio::select! {
            () = sending => {}
            // A response to half a request, or the end of the connection.
            _ = answers.read(&mut answer) => {}
        }
    }
}

/// `VmHWM` of a process.
fn peak_memory(pid: &str) -> Option<String> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().to_owned())
}
