"""Three PostgreSQL nodes under Patroni, with one etcd, on loopback."""
import json
import os
import signal
import urllib.error
import urllib.request

from servers import Owner, free_ports, kill_postgres, programs, query, until, url_of_all

CONFIGURATION = """\
scope: teamnotes
name: node{number}
restapi: {{listen: "127.0.0.1:{rest}", connect_address: "127.0.0.1:{rest}"}}
etcd3: {{host: "127.0.0.1:{etcd}"}}
bootstrap:
  dcs:
    ttl: {ttl}
    loop_wait: 1
    retry_timeout: 3
    maximum_lag_on_failover: 1048576
    primary_start_timeout: 3
    synchronous_mode: true
    postgresql:
      use_pg_rewind: true
      parameters: {{max_connections: 200, wal_log_hints: "on", hot_standby: "on", wal_keep_size: 128MB, shared_buffers: 64MB}}
  initdb: [{{encoding: UTF8}}, {{locale: C}}, {{auth: trust}}]
  pg_hba: ["local all all trust", "host all all 127.0.0.1/32 trust", "host replication all 127.0.0.1/32 trust"]
postgresql:
  listen: "127.0.0.1:{port}"
  connect_address: "127.0.0.1:{port}"
  data_dir: {directory}/node{number}
  bin_dir: {bin}
  pgpass: {directory}/pgpass{number}
  parameters: {{unix_socket_directories: ''}}
  authentication:
    superuser: {{username: teamnotes, password: none}}
    replication: {{username: replicator, password: none}}
    rewind: {{username: teamnotes, password: none}}
  remove_data_directory_on_rewind_failure: true
  remove_data_directory_on_diverged_timelines: true
watchdog: {{mode: "off"}}
"""


class Cluster:
    def __init__(self, directory, ttl):
        self.directory = directory
        self.owner = Owner(directory)
        self.ports, self.rests = free_ports(3), free_ports(3)
        self.ttl = ttl
        self.etcd, self.nodes = None, [None, None, None]

    def start_all(self):
        client, peer = free_ports(2)
        directory = self.directory
        self.etcd = self.owner.start(
            "etcd.log", "etcd", "--name", "etcd", "--data-dir", directory / "etcd", "--unsafe-no-fsync", "--log-level", "error",
            "--listen-client-urls", f"http://127.0.0.1:{client}", "--advertise-client-urls", f"http://127.0.0.1:{client}",
            "--listen-peer-urls", f"http://127.0.0.1:{peer}", "--initial-advertise-peer-urls", f"http://127.0.0.1:{peer}",
            "--initial-cluster", f"etcd=http://127.0.0.1:{peer}",
        )
        for number in range(3):
            text = CONFIGURATION.format(
                number=number, rest=self.rests[number], port=self.ports[number], etcd=client, ttl=self.ttl, directory=directory, bin=programs(),
            )
            (directory / f"node{number}.yml").write_text(text)
        for number in range(3):
            self.start(number)
            until(lambda: self.leader() is not None, 60, "there is a leader")
        self.wait_until_whole()

    def start(self, number):
        self.nodes[number] = self.owner.start(f"node{number}.log", "patroni", self.directory / f"node{number}.yml")

    def status(self, number):
        """What a node says of itself, or nothing if it does not answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.rests[number]}/patroni", timeout=2) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            return json.loads(error.read() or b"{}")
        except (OSError, ValueError):
            return {}

    def leader(self):
        roles = ((number, self.status(number)) for number in range(3))
        return next((n for n, said in roles if said.get("role") in ("master", "primary") and said.get("state") == "running"), None)

    def is_whole(self):
        leader = self.leader()
        if leader is None:
            return False
        streaming = query(self.ports[leader], "SELECT count(*) FILTER (WHERE state = 'streaming'), count(*) FILTER (WHERE sync_state = 'sync') FROM pg_stat_replication")
        # Patroni itself has to know that it may promote the synchronous standby.
        return streaming == "2|1" and any(self.status(number).get("sync_standby") for number in range(3))

    def wait_until_whole(self):
        until(self.is_whole, 90, f"all nodes follow the leader: {[self.status(number) for number in range(3)]}")

    def url_of_all(self):
        return url_of_all(self.ports)

    def kill_node(self, number):
        os.kill(self.nodes[number].pid, signal.SIGKILL)
        self.nodes[number].wait()
        self.kill_postgres(number)

    def kill_postgres(self, number):
        kill_postgres(self.directory / f"node{number}")

    def switch_over(self, number):
        """Has another node than this one lead."""
        body = json.dumps({"leader": f"node{number}"}).encode()

        def is_accepted():
            request = urllib.request.Request(f"http://127.0.0.1:{self.rests[number]}/switchover", body, {"Content-Type": "application/json"})
            try:
                with urllib.request.urlopen(request, timeout=60):
                    return True
            except urllib.error.HTTPError as error:
                # Patroni has not yet seen that the other nodes are in step.
                if error.code != 412:
                    raise
                return False

        until(is_accepted, 30, "Patroni accepts the switchover")

    def stop(self):
        for number, node in enumerate(self.nodes):
            if node and node.poll() is None:
                node.kill()
                node.wait()
            self.kill_postgres(number)
        if self.etcd:
            self.etcd.kill()
            self.etcd.wait()
