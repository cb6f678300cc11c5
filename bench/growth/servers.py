"""Real servers on loopback for the measurements here: PostgreSQL under Patroni or alone, and instances of the service."""
import glob
import http.client
import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request

PASSWORD = "walnut-harbour-42"
SECRET = "of-a-service-that-lives-as-long-as-a-measurement"


def programs():
    """The directory of PostgreSQL's server programs."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[4]))
    return pathlib.Path(found[-1]) if found else sys.exit("no PostgreSQL server is installed")


def require(*names):
    missing = [name for name in names if not shutil.which(name)]
    if missing:
        sys.exit(f"not installed: {', '.join(missing)}")


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def until(condition, seconds, what):
    """Waits until this is true, and returns how long that took."""
    started = time.monotonic()
    while not condition():
        if time.monotonic() - started > seconds:
            sys.exit(f"not within {seconds} s: {what}")
        time.sleep(0.05)
    return time.monotonic() - started


def query(port, sql, database="postgres"):
    """The values that psql prints, or None if it fails."""
    command = ["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(port), "-U", "teamnotes", database]
    environment = {**os.environ, "PGCONNECT_TIMEOUT": "2"}
    done = subprocess.run([*command, "-c", sql], capture_output=True, text=True, env=environment)
    return done.stdout.strip() if done.returncode == 0 else None


class Owner:
    """The user that the servers run as, since PostgreSQL does not run as root."""

    def __init__(self, directory):
        self.directory = directory
        self.switch = {}
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(directory, user.pw_uid, user.pw_gid)
            self.switch = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}

    def run(self, *command, check=True):
        command = [str(part) for part in command]
        done = subprocess.run(command, cwd=self.directory, capture_output=True, text=True, **self.switch)
        if check and done.returncode:
            sys.exit(f"{' '.join(command)}: {done.stdout}{done.stderr}")
        return done

    def start(self, log, *command):
        with open(self.directory / log, "a") as output:
            return subprocess.Popen(
                [str(part) for part in command], cwd=self.directory, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                start_new_session=True, **self.switch,
            )


def kill_postgres(data):
    """Kills a server with all its processes at once."""
    try:
        pid = int((data / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGSTOP)
    except (OSError, ValueError, IndexError):
        return
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for process in [*map(int, children), pid]:
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            pass


class Trio:
    """A primary and two streaming standbys."""

    def __init__(self, directory):
        self.owner = Owner(directory)
        self.bin = programs()
        self.ports = free_ports(3)
        self.data = [directory / f"node{number}" for number in range(3)]
        self.owner.run(self.bin / "initdb", "-D", self.data[0], "-U", "teamnotes", "-A", "trust", "-E", "UTF8", "--locale=C")
        self.start(0)
        for number in (1, 2):
            self.owner.run(self.bin / "pg_basebackup", "-D", self.data[number], "-h", "127.0.0.1", "-p", self.ports[0], "-U", "teamnotes", "-R", "-c", "fast")
            self.start(number)

    def start(self, number):
        options = (
            f"-c listen_addresses=127.0.0.1 -c port={self.ports[number]} -c unix_socket_directories={self.owner.directory}"
            " -c max_connections=300 -c shared_buffers=128MB -c wal_keep_size=256MB"
        )
        self.owner.run(self.bin / "pg_ctl", "-D", self.data[number], "-l", self.owner.directory / f"node{number}.log", "-w", "-o", options, "start")

    def url(self, number, database="teamnotes"):
        return f"postgres://teamnotes@127.0.0.1:{self.ports[number]}/{database}"

    def promote(self, number):
        self.owner.run(self.bin / "pg_ctl", "-D", self.data[number], "promote")

    def stop(self):
        for data in self.data:
            kill_postgres(data)


class Service:
    """A running instance."""

    def __init__(self, binary, directory, **settings):
        self.port = free_ports(1)[0]
        self.log = directory / f"service{self.port}.log"
        environment = {
            "PATH": os.environ["PATH"], "SECRET": SECRET, "PORT": str(self.port), "RUST_LOG": "warn", "LOGIN_RATE_LIMIT": "off",
            "ADMIN_USERNAME": "admin", "ADMIN_PASSWORD": PASSWORD, "PASSWORD_HASH_MEMORY": "7168", "PASSWORD_HASH_PASSES": "1", **settings,
        }
        with self.log.open("w") as log:
            self.process = subprocess.Popen([binary, "serve"], cwd=directory, env=environment, stdout=log, stderr=log)

    def wait_until_ready(self):
        until(self.is_ready, 60, f"an instance is ready: {self.log.read_text()}")
        return self

    def is_ready(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=6):
                return True
        except OSError:
            return False

    def metrics(self, name):
        """The samples of a metric, by their labels."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics") as response:
            lines = response.read().decode().splitlines()
        found = [line.rsplit(" ", 1) for line in lines if line.startswith(name)]
        return {labels[len(name):]: float(value) for labels, value in found}

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait()


class Client:
    """One connection to an instance, with a token."""

    def __init__(self, port, token=None):
        self.port, self.token, self.connection = port, token, None

    def call(self, method, path, body=None):
        """The status and the JSON of an answer; status 0 if there is none, after which the next call connects again."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
                self.connection.connect()
                self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = self.connection.getresponse()
            text = response.read()
            self.retry_after = response.headers.get("Retry-After")
            return response.status, json.loads(text) if text else None
        except (OSError, http.client.HTTPException):
            self.connection = None
            return 0, None

    def log_in(self):
        status, answer = self.call("POST", "/api/login", {"username": "admin", "password": PASSWORD})
        if status != 200:
            sys.exit(f"can't log in: {status} {answer}")
        self.token = answer["token"]
        return self.token


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")
