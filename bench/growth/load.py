"""Requests at a steady rate."""
import itertools
import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor

from servers import Client, percentile

IS_OVER = multiprocessing.get_context("fork").Event()


class Reads:
    """Reads paths of the services in turn, this many a second, until the block ends.

    They are sent by processes of their own, so that they do not wait for each other; times count from when a request
    was due."""

    def __init__(self, services, token, paths, rate, forbidden=b"\0", processes=8):
        IS_OVER.clear()
        self.pool = ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("fork"))
        ports = [service.port for service in services]
        self.work = [self.pool.submit(read, ports, token, paths, rate / processes, forbidden, number) for number in range(processes)]
        self.started = time.monotonic()
        self.times, self.failed, self.forbidden = [], [], 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        IS_OVER.set()
        for done in self.work:
            times, failed, forbidden = done.result()
            self.times += times
            self.failed += failed
            self.forbidden += forbidden
        self.rate = len(self.times) / (time.monotonic() - self.started)
        self.pool.shutdown()

    def describe(self):
        return (
            f"{len(self.times)} reads, {self.rate:.0f} a second, {len(self.failed)} failed;"
            f" p50 {percentile(self.times, 0.5):.1f} ms, p99 {percentile(self.times, 0.99):.1f} ms, at most {max(self.times):.0f} ms"
        )


def read(ports, token, paths, rate, forbidden, number):
    """The times of one process in milliseconds, what has failed, and in how many answers the forbidden bytes were."""
    clients = itertools.cycle([Client(port, token) for port in ports])
    paths = itertools.cycle(paths[number % len(paths):] + paths[:number % len(paths)])
    times, failed, found = [], [], 0
    due = time.monotonic()
    while not IS_OVER.is_set():
        due += 1 / rate
        time.sleep(max(0, due - time.monotonic()))
        path = next(paths)
        status, text = next(clients).send("GET", path)
        times.append((time.monotonic() - due) * 1000)
        found += forbidden in text
        if status != 200:
            failed.append(f"{status} {path}: {text[:200]}")
    return times, failed, found
