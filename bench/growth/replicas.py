#!/usr/bin/env python3
"""Writes and reads back through three instances with two replicas, at different delays of replay.

Each client changes a note through one instance and reads it through another; a read that is older than the change before
it is stale. Then it reads the note of another client, whose versions may not go back. Before each round, the same is
done through three instances without replicas, to compare the times. Fails if a read is stale, goes back or fails."""
import argparse
import statistics
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

from servers import Client, Setup, Trio, percentile, query, require, until

INSTANCES = 3
CLIENTS = 4
ROUNDS = 5
DELAYS = {"as it comes": 0, "delayed by 100 ms": 100, "delayed by 5 s": 5000, "paused": None}
LAG = "SELECT coalesce(extract(epoch FROM max(replay_lag)) * 1000, 0) FROM pg_stat_replication"


@dataclass
class Seen:
    """What clients have seen."""

    pairs: int = 0
    stale: int = 0
    back: int = 0
    failed: int = 0
    times: list = field(default_factory=list)
    """Of reads, in milliseconds."""

    def add(self, other):
        self.pairs += other.pairs
        self.stale += other.stale
        self.back += other.back
        self.failed += other.failed
        self.times += other.times

    @property
    def bad(self):
        return self.stale + self.back + self.failed


def write_and_read(ports, token, notes, number, first, pairs):
    """What one client sees; it changes the note with its number, to the versions from `first` on."""
    clients = [Client(port, token) for port in ports]
    own, other = (f"/api/notes/{notes[place % len(notes)]}" for place in (number, number + 1))
    seen, newest = Seen(pairs), -1
    for version in range(first, first + pairs):
        writer, reader, follower = (clients[(version + number + step) % len(clients)] for step in range(3))
        written, _ = writer.call("PUT", own, {"content": str(version)})
        answers = [read(reader, own, seen), read(follower, other, seen)]
        seen.failed += written != 200 or None in answers
        if None not in answers:
            seen.stale += answers[0] != version
            seen.back += answers[1] < newest
            newest = answers[1]
    return seen


def read(client, path, seen):
    started = time.monotonic()
    status, note = client.call("GET", path)
    seen.times.append((time.monotonic() - started) * 1000)
    return int(note["content"]) if status == 200 else None


class Clients:
    """They work in processes of their own, so that they do not wait for each other."""

    def __init__(self, token, notes):
        self.token, self.notes = token, notes
        self.pool = ProcessPoolExecutor(CLIENTS)
        self.version = 0

    def run(self, services, pairs):
        """What they see in about this many pairs."""
        ports, share = [service.port for service in services], max(1, pairs // CLIENTS)
        work = [self.pool.submit(write_and_read, ports, self.token, self.notes, number, self.version, share) for number in range(CLIENTS)]
        self.version += share
        seen = Seen()
        for done in work:
            seen.add(done.result())
        return seen


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("pairs", type=int, nargs="?", default=10_000, help="at each delay (%(default)s)")
    arguments = parser.parse_args()
    require("psql")
    with Setup(arguments.binary) as setup:
        trio = setup.start(Trio)
        replicas = ",".join(trio.url(number) for number in (1, 2))
        alone, led = [], []
        for services, settings in ((alone, {}), (led, {"DATABASE_REPLICA_URLS": replicas})):
            services += [setup.service(trio.url(0), **settings).wait_until_ready() for _ in range(INSTANCES)]
        client = Client(alone[0].port)
        token = client.log_in()
        notes = [client.call("POST", "/api/notes", {"content": "-1"})[1]["id"] for _ in range(CLIENTS)]
        measure(trio, alone, led, Clients(token, notes), arguments.pairs // ROUNDS)


def measure(trio, alone, led, clients, pairs):
    print(f"{'replay':18} {'pairs':>7} {'stale':>6} {'back':>5} {'failed':>7} {'lag ms':>7} {'by replicas':>12} {'read p50, p99 ms':>17} {'primary only':>15} {'p99 more by':>12}")
    bad = 0
    for name, delay in DELAYS.items():
        set_delay(trio, delay, led)
        both, before = (Seen(), Seen()), served(led)
        lags, more = [], []
        for _ in range(ROUNDS):
            compared, round = clients.run(alone, pairs // 4), clients.run(led, pairs)
            lags.append(float(query(trio.ports[0], LAG)))
            more.append(percentile(round.times, 0.99) - percentile(compared.times, 0.99))
            for sum, seen in zip(both, (round, compared)):
                sum.add(seen)
        seen, compared = both
        share = (served(led) - before) / len(seen.times)
        print(
            f"{name:18} {seen.pairs:7} {seen.stale:6} {seen.back:5} {seen.failed:7} {statistics.median(lags):7.1f} {share:12.1%}"
            f" {of_times(seen):>17} {of_times(compared):>15} {statistics.median(more):9.2f} ms", flush=True,
        )
        bad += seen.bad + compared.bad
    if bad:
        sys.exit(f"{bad} reads were stale, went back or failed")


def of_times(seen):
    return f"{percentile(seen.times, 0.5):.2f}, {percentile(seen.times, 0.99):.2f}"


def set_delay(trio, delay, services):
    for number in (1, 2):
        if delay is None:
            query(trio.ports[number], "SELECT pg_wal_replay_pause()")
        else:
            trio.set(number, recovery_min_apply_delay=delay)
    if delay == 0:
        until(lambda: all(value for service in services for value in service.metrics("teamnotes_replica_serving").values()), 30, "replicas serve")


def served(services):
    samples = [sample for service in services for sample in service.metrics("teamnotes_replica_statements_total").items()]
    return sum(value for labels, value in samples if 'outcome="served"' in labels)


if __name__ == "__main__":
    main()
