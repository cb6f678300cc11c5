#!/usr/bin/env python3
"""Measures routes of one binary of Teamnotes, or of two in turn, on SQLite or PostgreSQL.

    bench/bench.py target/release/teamnotes
    bench/bench.py OLD NEW --rounds 7 --routes note_by_id,list_of_notes
    scripts/with-postgres bench/bench.py OLD NEW

Each binary gets a database that `teamnotes demo` has filled, on the server of TEST_DATABASE_URL if that is set. wrk
sends the requests, with random ids. Of several rounds the table shows medians; with two binaries, the ratios
are taken within each round, whose order alternates. On a busy machine trust the processor time.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

SECRET = "of-a-service-that-lives-as-long-as-a-measurement"
NOTES_A_USER = 20
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")

# Name: method, path, body and whether a token is sent. {note}, {user} and {bool} are chosen anew for each request.
ROUTES = {
    "session_check": ("GET", "/api/sessions/current", None, True),
    "note_by_id": ("GET", "/api/notes/{note}", None, False),
    "list_of_notes": ("GET", "/api/notes?limit=50", None, False),
    "one_user": ("GET", "/api/users/{user}", None, False),
    "list_of_users": ("GET", "/api/users?limit=20", None, False),
    "with_notes": ("GET", "/api/users?with_notes=19&limit=20", None, False),
    "search_of_a_common_word": ("GET", "/api/notes?search=login", None, False),
    "search_without_a_match": ("GET", "/api/notes?search=zyzzyva", None, False),
    "note_created": ("POST", "/api/notes", '{"content": "Written by a benchmark"}', True),
    "mark_set": ("PUT", "/api/notes/{note}/mark", '{"read": {bool}}', True),
}

LUA = """
math.randomseed(%(seed)d)
local headers = {["Content-Type"] = "application/json"}
local token = os.getenv("TOKEN")
if token then headers["Authorization"] = "Bearer " .. token end
local values = {
  note = function() return math.random(1, %(notes)d) end,
  user = function() return math.random(1, %(users)d) end,
  bool = function() return math.random(2) == 1 and "true" or "false" end,
}
local function fill(text)
  return text and text:gsub("{(%%l+)}", function(name) return values[name]() end)
end
request = function()
  return wrk.format(%(method)s, fill(%(path)s), headers, fill(%(body)s))
end
done = function(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  print(string.format("MEASURED %%d %%d %%d %%d %%d", summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), failed))
end
"""


def main():
    arguments = parse_arguments()
    if not shutil.which("wrk"):
        sys.exit("bench: wrk is not installed (apt-get install wrk)")
    with tempfile.TemporaryDirectory(prefix="bench.") as directory:
        work = pathlib.Path(directory)
        services = []
        try:
            for number, binary in enumerate(arguments.binaries):
                services.append(Service(number, binary, work, arguments.users))
            rows = measure(services, work, arguments)
        finally:
            for service in services:
                service.stop()
    report(services, rows)
    if any(measured.errors for rounds in rows.values() for round in rounds for measured in round):
        sys.exit("bench: some requests failed")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("binaries", nargs="+", metavar="BINARY", help="one, or an old and a new one")
    parser.add_argument("--routes", default=",".join(ROUTES), help="separated by commas (%(default)s)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5, help="for each route, round and binary")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--users", type=int, default=1000, help="with 20 notes each")
    arguments = parser.parse_args()
    arguments.routes = arguments.routes.split(",")
    unknown = [name for name in arguments.routes if name not in ROUTES]
    if unknown:
        parser.error(f"unknown routes: {', '.join(unknown)}; there are {', '.join(ROUTES)}")
    if len(arguments.binaries) > 2:
        parser.error("at most two binaries")
    return arguments


class Service:
    """A running service, and its database."""

    def __init__(self, number, binary, work, users):
        self.binary = binary
        self.log = work / f"service{number}.log"
        server = os.environ.get("TEST_DATABASE_URL")
        if server:
            name = f"bench_{os.getpid()}_{number}"
            url = server.rsplit("/", 1)[0] + f"/{name}"
            self.psql(server, f"CREATE DATABASE {name}")
        else:
            url = f"sqlite:{work}/bench{number}.db"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        settings = {"DATABASE_URL": url, "SECRET": SECRET, "PORT": str(port), "RUST_LOG": "warn", "LOGIN_RATE_LIMIT": "off"}
        self.environment = {"PATH": os.environ["PATH"], **settings}
        self.command("migrate", "up")
        filled = self.command("demo", "--users", str(users))
        if server:
            self.psql(url, "VACUUM ANALYZE")
        with self.log.open("w") as log:
            self.process = subprocess.Popen([binary, "serve"], cwd=work, env=self.environment, stdout=log, stderr=log)
        self.wait_until_ready()
        self.token = self.log_in("user7", re.search(r"password of all: (\S+)", filled).group(1))

    def command(self, *arguments):
        done = subprocess.run([self.binary, *arguments], env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"bench: {self.binary} {' '.join(arguments)} failed: {done.stderr}")
        return done.stdout

    @staticmethod
    def psql(url, sql):
        subprocess.run(["psql", "-qX", "-v", "ON_ERROR_STOP=1", url, "-c", sql], check=True)

    def wait_until_ready(self):
        for _ in range(300):
            try:
                with urllib.request.urlopen(f"{self.url}/readyz"):
                    return
            except OSError:
                time.sleep(0.1)
        self.stop()
        sys.exit(f"bench: {self.binary} is not ready: {self.log.read_text()}")

    def log_in(self, username, password):
        body = json.dumps({"username": username, "password": password}).encode()
        request = urllib.request.Request(f"{self.url}/api/login", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as response:
            return json.load(response)["token"]

    def peak_memory(self):
        """In MB."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status).group(1)) / 1024

    def stop(self):
        if self.process.poll() is None:
            self.memory = self.peak_memory()
            self.process.send_signal(signal.SIGTERM)
            self.process.wait()


class Measured:
    """What one run of wrk has shown: requests per second, milliseconds, and microseconds of processor time per request."""

    def __init__(self, service, route, work, arguments, seconds):
        script = work / "route.lua"
        script.write_text(lua(route, arguments.users))
        threads = min(2, os.cpu_count() or 1)
        command = ["wrk", f"-t{threads}", f"-c{arguments.connections}", f"-d{seconds}s", "--latency", "-s", script, service.url]
        environment = {**os.environ, "TOKEN": service.token} if ROUTES[route][3] else os.environ
        before = processor_time(service.process.pid), database_time()
        said = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
        after = processor_time(service.process.pid), database_time()
        numbers = re.search(r"MEASURED (\d+) (\d+) (\d+) (\d+) (\d+)", said).groups()
        requests, microseconds, median, slow, self.errors = map(int, numbers)
        if requests == 0:
            sys.exit(f"bench: {route} answered no request within {seconds} s")
        self.rate = requests / microseconds * 1e6
        self.p50, self.p99 = median / 1000, slow / 1000
        self.service, self.database = ((late - early) / requests * 1e6 for early, late in zip(before, after))


def lua(route, users):
    method, path, body, _ = ROUTES[route]
    method, path, body = (json.dumps(text) if text else "nil" for text in (method, path, body))
    return LUA % {"seed": time.time_ns() % 2**31, "notes": users * NOTES_A_USER, "users": users, "method": method, "path": path, "body": body}


def processor_time(pid):
    """In seconds, of the process and the system on its behalf."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND


def database_time():
    """That of the processes of PostgreSQL that work in the directory of the test cluster."""
    cluster = os.environ.get("POSTGRES_CLUSTER")
    if not cluster:
        return 0
    total = 0
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if os.readlink(process / "cwd") == f"{cluster}/data":
                total += processor_time(process.name)
        except OSError:
            pass
    return total


def measure(services, work, arguments):
    for route in arguments.routes:
        for service in services:
            Measured(service, route, work, arguments, 1)
    rows = {route: [] for route in arguments.routes}
    for number in range(arguments.rounds):
        order = services if number % 2 == 0 else services[::-1]
        for route, rounds in rows.items():
            measured = {service: Measured(service, route, work, arguments, arguments.seconds) for service in order}
            rounds.append([measured[service] for service in services])
    return rows


def report(services, rows):
    for index, service in enumerate(services):
        print(f"{service.binary}: peak memory {service.memory:.0f} MB")
        print(f"{'route':24} {'req/s':>8} {'p50 ms':>8} {'p99 ms':>8} {'errors':>7} {'service us':>11} {'database us':>12}")
        for route, rounds in rows.items():
            own = [round[index] for round in rounds]
            median = {name: statistics.median(getattr(measured, name) for measured in own) for name in ("rate", "p50", "p99", "service", "database")}
            errors = sum(measured.errors for measured in own)
            print(
                f"{route:24} {median['rate']:8.0f} {median['p50']:8.2f} {median['p99']:8.2f} {errors:7}"
                f" {median['service']:11.0f} {median['database']:12.0f}"
            )
        print()
    if len(services) == 2:
        print(f"{'new / old':24} {'req/s':>8} {'p99':>8} {'processor time':>15}")
        for route, rounds in rows.items():
            rate, slow, processor = (
                statistics.median(of(new) / of(old) for old, new in rounds)
                for of in (lambda m: m.rate, lambda m: m.p99, lambda m: m.service + m.database or 1)
            )
            print(f"{route:24} {rate:8.2f} {slow:8.2f} {processor:15.2f}")


if __name__ == "__main__":
    main()
