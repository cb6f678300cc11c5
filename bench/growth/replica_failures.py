#!/usr/bin/env python3
"""Reads from two replicas while one is killed, both cancel statements, and one is promoted.

The reads go through three instances, while 20 notes a second are changed. A promoted replica gets contents of its own, by which
its answers are recognised. Fails if a read fails or shows these contents, or if nothing was cancelled."""
import argparse
import contextlib
import sys
import threading
import time

from load import Reads
from servers import Client, Setup, Trio, query, require, until

INSTANCES = 3
NOTES = 200
WRITES = 20
ELSEWHERE = "of the promoted replica"
CONFLICTS = "SELECT confl_lock + confl_snapshot + confl_bufferpin + confl_deadlock FROM pg_stat_database_conflicts WHERE datname = 'teamnotes'"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("rounds", type=int, nargs="?", default=5, help="(%(default)s)")
    parser.add_argument("--rate", type=int, default=1000, help="reads a second (%(default)s)")
    arguments = parser.parse_args()
    require("psql")
    with Setup(arguments.binary) as setup:
        trio = setup.start(Trio)
        replicas = ",".join(trio.url(number) for number in (1, 2))
        services = [setup.service(trio.url(0), DATABASE_REPLICA_URLS=replicas).wait_until_ready() for _ in range(INSTANCES)]
        client = Client(services[0].port)
        client.log_in()
        notes = [client.call("POST", "/api/notes", {"content": "of the primary"})[1]["id"] for _ in range(NOTES)]
        paths = ["/api/notes?limit=5", "/api/notes?search=primary&limit=5", *(f"/api/notes/{note}" for note in notes[:6])]
        bad = 0
        with changing(client, notes):
            for _ in range(arguments.rounds):
                for event in (undisturbed, killed, cancelled, promoted):
                    bad += run(event, trio, services, client.token, paths, arguments.rate)
    if bad:
        sys.exit(f"{bad} reads failed or came from the promoted replica")


@contextlib.contextmanager
def changing(client, notes):
    """Changes notes all the time."""
    is_over = threading.Event()
    writer = Client(client.port, client.token)

    def change():
        number = 0
        while not is_over.wait(1 / WRITES):
            status, answer = writer.call("PUT", f"/api/notes/{notes[number % len(notes)]}", {"content": f"of the primary, version {number}"})
            if status != 200:
                print(f"a change failed: {status} {answer}", file=sys.stderr)
            number += 1

    thread = threading.Thread(target=change)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def run(event, trio, services, token, paths, rate):
    until(lambda: all(serving(services)), 60, "all replicas serve")
    before = statements(services)
    with Reads(services, token, paths, rate, ELSEWHERE.encode()) as reads:
        time.sleep(1)
        note = event(trio)
        time.sleep(4)
    outcomes = {name: count - before[name] for name, count in statements(services).items()}
    print(f"{event.__name__:12} {reads.describe()}; {reads.forbidden} from a promoted one; on replicas: {outcomes}{note}", flush=True)
    for failed in reads.failed[:3]:
        print(f"  {failed}")
    # What was killed or promoted becomes a replica again.
    for number in (1, 2):
        if query(trio.ports[number], "SELECT pg_is_in_recovery()") != "t":
            trio.follow(number, 0)
    return len(reads.failed) + reads.forbidden


def undisturbed(_):
    return ""


def killed(trio):
    trio.kill(1)
    return ""


def promoted(trio):
    trio.promote(2)
    query(trio.ports[2], f"UPDATE notes SET content = '{ELSEWHERE}', content_folded = '{ELSEWHERE}'", "teamnotes")
    return ""


def cancelled(trio):
    """Takes locks on the primary. Replay takes them too, and at once cancels the statements that are in its way."""
    for number in (1, 2):
        trio.set(number, max_standby_streaming_delay="0")
    before = conflicts(trio)
    query(trio.ports[0], "BEGIN; LOCK TABLE notes IN ACCESS EXCLUSIVE MODE; COMMIT; SELECT pg_sleep(0.05);" * 200, "teamnotes")
    happened = conflicts(trio) - before
    if not happened:
        sys.exit("nothing was cancelled")
    return f"; {happened} statements cancelled"


def conflicts(trio):
    return sum(int(query(trio.ports[number], CONFLICTS)) for number in (1, 2))


def serving(services):
    return [value for service in services for value in service.metrics("teamnotes_replica_serving").values()]


def statements(services):
    counts = dict.fromkeys(("served", "behind", "busy", "failed"), 0)
    for service in services:
        for labels, value in service.metrics("teamnotes_replica_statements_total").items():
            counts[next(outcome for outcome in counts if f'"{outcome}"' in labels)] += int(value)
    return counts


if __name__ == "__main__":
    main()
