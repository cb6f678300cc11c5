"""Real servers on loopback for the measurements here: PostgreSQL under Patroni or alone, and instances of the service."""
import contextlib
import glob
import http.client
import json
import os
import pathlib
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
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
    """Ports that no server uses and no client gets, so that a server finds its port free when it is started again."""
    first = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    ports = []
    while len(ports) < count:
        port = random.randrange(10_000, first)
        with socket.socket() as attempt, contextlib.suppress(OSError):
            attempt.bind(("127.0.0.1", port))
            ports.append(port)
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
    """Kills a server with all its processes at once, and waits until they are gone."""
    try:
        pid = int((data / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGSTOP)
    except (OSError, ValueError, IndexError):
        return
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for process in [*map(int, children), pid]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    until(lambda: not any(map(is_running, [*children, pid])), 10, "a killed server is gone")
    # PostgreSQL takes a process that has ended for running until its parent has noticed.
    (data / "postmaster.pid").unlink(missing_ok=True)


def is_running(pid):
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state not in "ZX"


class Setup(contextlib.ExitStack):
    """What a measurement starts, all of which is stopped at its end, and a directory for it, which is removed."""

    def __init__(self, binary):
        super().__init__()
        signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
        self.binary = pathlib.Path(binary).resolve()
        self.directory = pathlib.Path(self.enter_context(tempfile.TemporaryDirectory(prefix="growth.")))
        self.directory.chmod(0o755)

    def start(self, make, *arguments):
        """Starts servers that have a directory of their own, and an empty database."""
        directory = self.directory / make.__name__
        directory.mkdir()
        servers = make(directory, *arguments)
        self.callback(servers.stop)
        servers.start_all()
        query(servers.ports[servers.leader()], "CREATE DATABASE teamnotes")
        return servers

    def service(self, url, **settings):
        """Starts an instance, which need not be ready."""
        service = Service(self.binary, self.directory, DATABASE_URL=url, **settings)
        self.callback(service.stop)
        return service


class Trio:
    """A primary, the first, and two streaming standbys."""

    def __init__(self, directory):
        self.owner = Owner(directory)
        self.bin = programs()
        self.ports = free_ports(3)
        self.data = [directory / f"node{number}" for number in range(3)]

    def start_all(self):
        self.owner.run(self.bin / "initdb", "-D", self.data[0], "-U", "teamnotes", "-A", "trust", "-E", "UTF8", "--locale=C")
        self.start(0)
        for number in (1, 2):
            self.follow(number, 0)

    def leader(self):
        return 0

    def follow(self, number, primary):
        """Makes it a standby of this primary, with a new copy of the data."""
        self.kill(number)
        shutil.rmtree(self.data[number], ignore_errors=True)
        self.owner.run(self.bin / "pg_basebackup", "-D", self.data[number], "-d", self.url(primary, "postgres"), "-R", "-c", "fast")
        self.start(number)

    def start(self, number, port=None):
        """Starts it at its own port, or at this one."""
        options = (
            f"-c listen_addresses=127.0.0.1 -c port={port or self.ports[number]} -c unix_socket_directories=''"
            " -c max_connections=300 -c shared_buffers=128MB -c wal_keep_size=256MB"
        )
        log = self.owner.directory / f"node{number}.log"
        if self.owner.run(self.bin / "pg_ctl", "-D", self.data[number], "-l", log, "-w", "-o", options, "start", check=False).returncode:
            sys.exit(f"a server does not start: {log.read_text()[-2000:]}")

    def url(self, number, database="teamnotes"):
        return f"postgres://teamnotes@127.0.0.1:{self.ports[number]}/{database}"

    def url_of_all(self):
        return url_of_all(self.ports)

    def set(self, number, **settings):
        """Changes settings that need no restart."""
        for name, value in settings.items():
            query(self.ports[number], f"ALTER SYSTEM SET {name} = '{value}'")
        query(self.ports[number], "SELECT pg_reload_conf()")

    def wait_until_even(self, primary):
        """Waits until the standbys have all that the primary has."""
        even = "SELECT count(*) FILTER (WHERE replay_lsn = pg_current_wal_flush_lsn()) FROM pg_stat_replication"
        until(lambda: query(self.ports[primary], even) == "2", 30, "the standbys have all that the primary has")

    def promote(self, number):
        self.owner.run(self.bin / "pg_ctl", "-D", self.data[number], "promote")

    def kill(self, number):
        kill_postgres(self.data[number])

    def stop(self):
        for number in range(3):
            self.kill(number)


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
        """The status and the JSON of an answer."""
        status, text = self.send(method, path, body)
        return status, json.loads(text) if text else None

    def send(self, method, path, body=None):
        """The status and the bytes of an answer; status 0 if there is none, after which the next call connects again."""
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
            return response.status, text
        except (OSError, http.client.HTTPException):
            self.connection = None
            return 0, b""

    def log_in(self):
        status, answer = self.call("POST", "/api/login", {"username": "admin", "password": PASSWORD})
        if status != 200:
            sys.exit(f"can't log in: {status} {answer}")
        self.token = answer["token"]
        return self.token


def url_of_all(ports):
    """A URL that names all of these servers."""
    hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
    return f"postgres://teamnotes@{hosts}/teamnotes?target_session_attrs=read-write"


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")
