#!/usr/bin/env python3
"""Writes and reads back through several instances with two replicas, at different delays of replay.

Each pair changes a note through one instance and reads it through another; a read that is older than the change before it
is stale. Fails if any read is stale or fails."""
import argparse
import pathlib
import sys
import tempfile
import threading
import time

from servers import Client, Service, Trio, percentile, query, require, until

INSTANCES = 3
THREADS = 6


class Pairs(threading.Thread):
    """One client after another: the writer's note is its own."""

    def __init__(self, services, token, number, count):
        super().__init__()
        self.clients = [Client(service.port, token) for service in services]
        self.number, self.count = number, count
        self.stale = self.failed = 0
        self.times = []

    def run(self):
        status, note = self.clients[0].call("POST", "/api/notes", {"content": "new"})
        path = f"/api/notes/{note['id']}"
        for turn in range(self.count):
            content = f"version {turn}"
            writer = self.clients[(turn + self.number) % len(self.clients)]
            reader = self.clients[(turn + self.number + 1) % len(self.clients)]
            written, _ = writer.call("PUT", path, {"content": content})
            started = time.monotonic()
            read, answer = reader.call("GET", path)
            self.times.append((time.monotonic() - started) * 1000)
            self.failed += written != 200 or read != 200
            self.stale += read == 200 and answer["content"] != content


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("pairs", type=int, nargs="?", default=10_000, help="at each delay (%(default)s)")
    arguments = parser.parse_args()
    require("psql")
    binary = pathlib.Path(arguments.binary).resolve()
    with tempfile.TemporaryDirectory(prefix="replicas.") as name:
        directory = pathlib.Path(name)
        directory.chmod(0o755)
        (directory / "trio").mkdir()
        trio = Trio(directory / "trio")
        services = []
        try:
            query(trio.ports[0], "CREATE DATABASE teamnotes")
            services.append(Service(binary, directory, DATABASE_URL=trio.url(0)).wait_until_ready())
            replicas = ",".join(trio.url(number) for number in (1, 2))
            for _ in range(INSTANCES):
                services.append(Service(binary, directory, DATABASE_URL=trio.url(0), DATABASE_REPLICA_URLS=replicas).wait_until_ready())
            measure(trio, services[0], services[1:], arguments.pairs)
        finally:
            for service in services:
                service.stop()
            trio.stop()


def measure(trio, alone, services, pairs):
    token = Client(alone.port).log_in()
    print(f"{'':22} {'pairs':>7} {'stale':>6} {'failed':>7} {'by replicas':>12} {'read p50 ms':>12} {'p99 ms':>8}")
    bad = run("primary only", [alone], token, pairs)
    for delay in (0, 100, 5000, "paused"):
        set_delay(trio, delay)
        if delay == 0:
            until(lambda: all(value for service in services for value in service.metrics("teamnotes_replica_serving").values()), 30, "replicas serve")
        bad += run(f"replay delayed {delay} ms" if delay != "paused" else "replay paused", services, token, pairs)
    if bad:
        sys.exit(f"{bad} reads were stale or failed")


def set_delay(trio, delay):
    for port in trio.ports[1:]:
        if delay == "paused":
            query(port, "SELECT pg_wal_replay_pause()")
        else:
            query(port, f"ALTER SYSTEM SET recovery_min_apply_delay = {delay}")
            query(port, "SELECT pg_reload_conf()")
    time.sleep(1)


def run(name, services, token, pairs):
    before = served(services)
    threads = [Pairs(services, token, number, pairs // THREADS) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    times = [taken for thread in threads for taken in thread.times]
    stale, failed = sum(thread.stale for thread in threads), sum(thread.failed for thread in threads)
    share = (served(services) - before) / len(times)
    print(f"{name:22} {len(times):7} {stale:6} {failed:7} {share:12.0%} {percentile(times, 0.5):12.2f} {percentile(times, 0.99):8.2f}", flush=True)
    return stale + failed


def served(services):
    samples = [sample for service in services for sample in service.metrics("teamnotes_replica_statements_total").items()]
    return sum(value for labels, value in samples if 'outcome="served"' in labels)


if __name__ == "__main__":
    main()
