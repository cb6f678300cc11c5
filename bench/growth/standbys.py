#!/usr/bin/env python3
"""Promotes standbys again and again, and loses a synchronous one.

All three servers are in DATABASE_URL. In each round the primary is killed, an instance is started while there are only
standbys, and one of these is promoted. Fails if the instance that has been running since the beginning keeps a connection to a
standby, other than the one by which it asks what role each server has, or if it exits. Then the only synchronous standby is lost
while clients write: fails if a read, a session check or a probe fails. Finally a standby that lags behind takes the primary's
address after sessions were revoked: fails if one of them is accepted."""
import argparse
import contextlib
import random
import statistics
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from load import Reads
from servers import Client, Setup, Trio, percentile, query, require, until

WRITERS = 12
READS = 200
REVOCATIONS = 1000
POOLED = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = 'teamnotes' AND pid <> pg_backend_pid() AND query NOT LIKE 'SELECT pg_is_in_recovery() OR %'"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("promotions", type=int, nargs="?", default=20, help="(%(default)s)")
    parser.add_argument("--seconds", type=int, default=20, help="for which the synchronous standby is away (%(default)s)")
    arguments = parser.parse_args()
    require("psql")
    with Setup(arguments.binary) as setup:
        trio = setup.start(Trio)
        service = setup.service(trio.url_of_all()).wait_until_ready()
        client = Client(service.port)
        client.log_in()
        primary, delays, starts = 0, [], []
        for _ in range(arguments.promotions):
            primary = promote(setup, trio, client, primary, delays, starts)
        if service.process.poll() is not None:
            sys.exit("the instance has ended")
        for what, times in (("writes went on", delays), ("the new instance served", starts)):
            print(f"{len(times)} promotions: {what} {statistics.median(times):.2f} s after it, at most {max(times):.2f} s")
        lose_synchronous(trio, service, client, primary, arguments.seconds)
        service.stop()
        replace_by_standby(setup, trio, primary)


def promote(setup, trio, client, primary, delays, starts):
    """Returns which server is the primary afterwards."""
    following, other = (primary + 1) % 3, (primary + 2) % 3
    trio.wait_until_even(primary)
    trio.kill(primary)
    new = setup.service(trio.url_of_all(), WAIT_FOR_DATABASE="120")
    until(lambda: "waiting up to" in new.log.read_text(), 30, "the new instance says that it waits")
    # It may be at any point of its attempts.
    time.sleep(random.uniform(0, 6))
    if new.is_ready():
        sys.exit("an instance serves without a primary")
    trio.promote(following)
    with ThreadPoolExecutor() as both:
        waiting = [both.submit(until, is_done, 60, "it works again") for is_done in (lambda: writes(client), new.is_ready)]
    for times, waited in zip((delays, starts), waiting):
        times.append(waited.result())
    new.stop()
    for number in (primary, other):
        trio.follow(number, following)
    writes(client)
    until(lambda: all(query(trio.ports[number], POOLED) == "0" for number in (primary, other)), 10, "no connection to a standby remains")
    print(f"{len(delays):3} writes went on {delays[-1]:.2f} s, the new instance served {starts[-1]:.2f} s after the promotion", flush=True)
    return following


def writes(client):
    return client.call("POST", "/api/notes", {"content": "A note"})[0] == 201


def lose_synchronous(trio, service, client, primary, seconds):
    standbys = [number for number in range(3) if number != primary]
    notes = [client.call("POST", "/api/notes", {"content": "New"})[1]["id"] for _ in range(WRITERS)]
    trio.set(primary, synchronous_standby_names="*")
    until(lambda: query(trio.ports[primary], "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") == "1", 10, "one is synchronous")
    for number in standbys:
        trio.kill(number)
    statuses = []
    with writing(service, client.token, notes, statuses):
        until(lambda: query(trio.ports[primary], "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'SyncRep'") == "t", 10, "writers wait")
        with Reads([service], client.token, ["/api/notes?limit=5", "/api/sessions/current", "/readyz"], READS) as reads:
            time.sleep(seconds)
        waiting = query(trio.ports[primary], "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
        before = dict(count(statuses))
        trio.start(standbys[0])
        until(lambda: count(statuses).get(200, 0) > before.get(200, 0), 30, "writes go on")
    print(f"synchronous standby lost, {WRITERS} writers ({waiting} wait for it, answers {before}): {reads.describe()}")
    if reads.failed or before.get(200):
        sys.exit(f"failed: {reads.failed[:3]}, writes {before}")


def replace_by_standby(setup, trio, primary):
    standby = (primary + 1) % 3
    trio.set(primary, synchronous_standby_names="")
    for number in range(3):
        if number != primary:
            trio.follow(number, primary)
    service = setup.service(trio.url(primary), SESSION_LIMIT=str(2 * REVOCATIONS)).wait_until_ready()
    with ThreadPoolExecutor(50) as pool:
        tokens = list(pool.map(lambda _: Client(service.port).log_in(), range(REVOCATIONS)))

        def with_each(method, path):
            return count(pool.map(lambda token: Client(service.port, token).call(method, path)[0], tokens))

        trio.wait_until_even(primary)
        trio.set(standby, recovery_min_apply_delay="1h")
        revoked = with_each("DELETE", "/api/logout").get(204, 0)
        kept = query(trio.ports[standby], "SELECT count(*) FROM sessions", "teamnotes")
        trio.kill(primary)
        trio.kill(standby)
        trio.start(standby, trio.ports[primary])
        answers = with_each("GET", "/api/sessions/current")
    ready = Client(service.port).call("GET", "/readyz")[0]
    print(f"{revoked} sessions revoked, of which the standby at the primary's address has {kept}: answers {answers}; /readyz {ready}")
    if set(answers) != {503} or ready != 503 or revoked != REVOCATIONS or int(kept) < REVOCATIONS:
        sys.exit("failed")


@contextlib.contextmanager
def writing(service, token, notes, statuses):
    """A writer for each note, who changes it again and again and adds the statuses of the answers."""
    is_over = threading.Event()

    def write(note):
        client = Client(service.port, token)
        while not is_over.is_set():
            statuses.append(client.call("PUT", f"/api/notes/{note}", {"content": "Changed"})[0])

    threads = [threading.Thread(target=write, args=[note]) for note in notes]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        is_over.set()
        for thread in threads:
            thread.join()


def count(statuses):
    statuses = list(statuses)
    return {status: statuses.count(status) for status in sorted(set(statuses))}


if __name__ == "__main__":
    main()
