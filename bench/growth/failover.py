#!/usr/bin/env python3
"""Fails over PostgreSQL under load, and looks up every acknowledged write afterwards.

Three nodes under Patroni, all named in DATABASE_URL without a proxy in between, and three instances of the service, to which
20 notes a second are written, and from which 40 pages a second are read. In turn the leader's node is killed, its PostgreSQL is
killed, and the leader is switched over. Fails if a write is lost or doubled, if an answer is neither a 2xx nor a 503 with
Retry-After, or if an instance ends."""
import argparse
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from patroni import Cluster
from servers import Client, Setup, percentile, query, require, until

WRITES, READS = 20, 40
INSTANCES = 3


class Load:
    """Writes and reads at a steady rate, however long the answers take."""

    def __init__(self, services, token):
        self.services = services
        self.token = token
        self.acknowledged, self.wrong = [], []
        self.moments = {"write": [], "read": []}
        self.statuses = {}
        self.is_over = threading.Event()
        self.lock = threading.Lock()
        self.pool = ThreadPoolExecutor(max_workers=1000)
        self.tickers = [threading.Thread(target=self.tick, args=arguments) for arguments in ((WRITES, self.write), (READS, self.read))]
        for ticker in self.tickers:
            ticker.start()

    def tick(self, rate, send):
        started, number = time.monotonic(), 0
        while not self.is_over.is_set():
            self.pool.submit(send, number)
            number += 1
            self.is_over.wait(max(0, started + number / rate - time.monotonic()))

    def client(self, number):
        return Client(self.services[number % INSTANCES].port, self.token)

    def write(self, number):
        content = f"note {number}"
        client = self.client(number)
        status, answer = client.call("POST", "/api/notes", {"content": content})
        if self.done("write", client, status):
            with self.lock:
                self.acknowledged.append((answer["id"], content))

    def read(self, number):
        client = self.client(number)
        self.done("read", client, client.call("GET", "/api/notes?limit=5")[0])

    def done(self, kind, client, status):
        is_good = 200 <= status < 300
        with self.lock:
            self.statuses[kind, status] = self.statuses.get((kind, status), 0) + 1
            if is_good:
                self.moments[kind].append(time.monotonic())
            elif status != 503 or not client.retry_after:
                self.wrong.append((kind, status))
        return is_good

    def longest_gap(self, kind, since):
        """How long it was, and when it ended."""
        with self.lock:
            moments = sorted(moment for moment in self.moments[kind] if moment >= since - 1)
        return max(((later - earlier, later) for earlier, later in zip(moments, moments[1:])), default=(float("inf"), float("inf")))

    def finish(self):
        self.is_over.set()
        for ticker in self.tickers:
            ticker.join()
        self.pool.shutdown()


def main():
    arguments = parse_arguments()
    require("patroni", "etcd", "psql")
    with Setup(arguments.binary) as setup:
        cluster = setup.start(Cluster, arguments.ttl)
        services = [setup.service(cluster.url_of_all()).wait_until_ready() for _ in range(INSTANCES)]
        load = Load(services, Client(services[0].port).log_in())
        setup.callback(load.is_over.set)
        time.sleep(2)
        gaps = [fail_over(cluster, load, number) for number in range(arguments.count)]
        load.finish()
        verify(cluster, services, load, gaps, arguments.limit)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("count", type=int, nargs="?", default=6, help="how many failovers (%(default)s)")
    parser.add_argument("--ttl", type=int, default=5, help="seconds after which Patroni replaces a leader (%(default)s)")
    parser.add_argument("--limit", type=float, default=float("inf"), help="limit on the 95th percentile of the times without writes, in seconds (none)")
    return parser.parse_args()


def fail_over(cluster, load, number):
    how = ("node killed", "PostgreSQL killed", "switchover")[number % 3]
    leader = cluster.leader()
    since = time.monotonic()
    if how == "node killed":
        cluster.kill_node(leader)
    elif how == "PostgreSQL killed":
        cluster.kill_postgres(leader)
    else:
        cluster.switch_over(leader)
    until(lambda: cluster.leader() not in (None, leader) or how == "PostgreSQL killed" and cluster.leader() is not None, 60, "there is a leader")
    promoted = time.monotonic() - since
    until(lambda: load.moments["write"] and load.moments["write"][-1] > since + promoted + 1, 60, "writes go on")
    if how == "node killed":
        cluster.start(leader)
    cluster.wait_until_whole()
    time.sleep(1)
    (writes, resumed), (reads, _) = (load.longest_gap(kind, since) for kind in ("write", "read"))
    delay = max(0, resumed - since - promoted)
    print(
        f"{number + 1:3} {how:18} leader after {promoted:4.1f} s, writes out for {writes:4.1f} s, reads for {reads:4.1f} s,"
        f" writes go on {delay:.1f} s after there is a leader", flush=True,
    )
    return writes, reads, delay


def verify(cluster, services, load, gaps, limit):
    rows = query(cluster.ports[cluster.leader()], "SELECT id || ' ' || content FROM notes", "teamnotes").splitlines()
    found = {}
    for row in rows:
        identifier, content = row.split(" ", 1)
        found.setdefault(content, []).append(int(identifier))
    lost = [content for identifier, content in load.acknowledged if identifier not in found.get(content, [])]
    doubled = [content for content, identifiers in found.items() if len(identifiers) > 1]
    ended = [service for service in services if service.process.poll() is not None]
    writes, reads, delays = zip(*gaps)
    print(
        f"{len(gaps)} failovers: writes were out for p50 {percentile(writes, 0.5):.1f} s, p95 {percentile(writes, 0.95):.1f} s, at most"
        f" {max(writes):.1f} s, and went on at most {max(delays):.1f} s after there was a leader; reads were out for at most {max(reads):.1f} s"
    )
    print(f"{len(load.acknowledged)} writes acknowledged, {len(lost)} lost, {len(doubled)} doubled; answers: {dict(sorted(load.statuses.items()))}")
    if lost or doubled or load.wrong or ended or percentile(writes, 0.95) > limit:
        sys.exit(f"failed: lost {lost[:3]}, doubled {doubled[:3]}, wrong answers {load.wrong[:3]}, {len(ended)} instances ended")


if __name__ == "__main__":
    main()
