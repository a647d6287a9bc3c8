"""Three PostgreSQL servers under Patroni, with etcd and HAProxy, as people run them: Deployment.md's set-up on one machine."""
import contextlib
import json
import os
import pathlib
import pwd
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request

import psycopg
from check import eventually
from system import free_port

NAMES = ("one", "two", "three")
# The least that Patroni takes: a primary that vanishes is replaced after so many seconds.
TTL = 20


class Node:
    def __init__(self, name, folder):
        self.name, self.folder = name, folder / name
        self.port, self.rest, self.process = free_port(), free_port(), None

    def ask(self, path):
        """The status and the JSON that its Patroni answers; 0 where there is none."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.rest}/{path}", timeout=2) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, {}
        except (OSError, ValueError):
            return 0, {}


class PatroniCluster:
    def __init__(self, binaries, is_synchronous):
        self.binaries, self.is_synchronous = pathlib.Path(binaries), is_synchronous
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="countersign-failover-", dir="/var/tmp"))
        self.user = "postgres" if os.getuid() == 0 else None
        self.password = secrets.token_hex(16)
        self.nodes = [Node(name, self.folder) for name in NAMES]
        self.port, self.etcd = free_port(), free_port()
        self.processes = []
        if self.user:
            shutil.chown(self.folder, self.user)
        self._start_etcd()
        for node in self.nodes:
            node.folder.mkdir(mode=0o700)
            if self.user:
                shutil.chown(node.folder, self.user, pwd.getpwnam(self.user).pw_gid)
            self.start(node)
        eventually("there is a primary, and a standby that follows it", self.is_whole, 90)
        self._start_haproxy()
        eventually("HAProxy reaches the primary", self._makes_owner, 30)

    def _popen(self, words, log):
        options = {}
        if self.user:
            account = pwd.getpwnam(self.user)
            options = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        environment = {"PATH": f"{self.binaries}:{os.environ['PATH']}", "HOME": str(self.folder), "LANG": "C.UTF-8"}
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=open(self.folder / log, "a"),
                                   stderr=subprocess.STDOUT, cwd="/", env=environment, **options)
        self.processes.append(process)
        return process

    def _start_etcd(self):
        peer = f"http://127.0.0.1:{free_port()}"
        client = f"http://127.0.0.1:{self.etcd}"
        self._popen(["etcd", "--name", "etcd", "--data-dir", str(self.folder / "etcd"), "--listen-client-urls", client,
                     "--advertise-client-urls", client, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                     "--initial-cluster", f"etcd={peer}"], "etcd.log")

    def start(self, node):
        file = node.folder / "patroni.json"
        # YAML takes JSON.
        file.write_text(json.dumps(self._settings(node)))
        if self.user:
            shutil.chown(file, self.user)
        node.process = self._popen(["patroni", str(file)], f"patroni-{node.name}.log")

    def _settings(self, node):
        parameters = {"max_connections": 100, "wal_log_hints": "on", "max_locks_per_transaction": 256,
                      "password_encryption": "scram-sha-256", "shared_buffers": "128MB"}
        login = lambda name: {"username": name, "password": self.password}  # noqa: E731
        return {
            "scope": "countersign", "name": node.name, "etcd3": {"hosts": f"127.0.0.1:{self.etcd}"},
            "restapi": {"listen": f"127.0.0.1:{node.rest}", "connect_address": f"127.0.0.1:{node.rest}"},
            "bootstrap": {
                "dcs": {"ttl": TTL, "loop_wait": 2, "retry_timeout": 3, "synchronous_mode": self.is_synchronous,
                        "maximum_lag_on_failover": 64 << 20,
                        "postgresql": {"use_pg_rewind": True, "use_slots": True, "parameters": parameters}},
                "initdb": [{"encoding": "UTF8"}, {"locale": "C.UTF-8"}, "data-checksums"],
                "pg_hba": ["host replication replicator 127.0.0.1/32 scram-sha-256",
                           "host all all 127.0.0.1/32 scram-sha-256"]},
            "postgresql": {
                "listen": f"127.0.0.1:{node.port}", "connect_address": f"127.0.0.1:{node.port}",
                "data_dir": str(node.folder / "data"), "bin_dir": str(self.binaries),
                "pgpass": str(node.folder / "pgpass"), "pg_hba": [
                    "host replication replicator 127.0.0.1/32 scram-sha-256",
                    "host all all 127.0.0.1/32 scram-sha-256"],
                "parameters": {"unix_socket_directories": str(node.folder)},
                "authentication": {"superuser": login("postgres"), "replication": login("replicator"),
                                   "rewind": login("rewinder")}}}

    def _start_haproxy(self):
        servers = "\n".join(f"  server {node.name} 127.0.0.1:{node.port} maxconn 200 check port {node.rest}"
                            for node in self.nodes)
        file = self.folder / "haproxy.cfg"
        file.write_text(f"""
defaults
  mode tcp
  timeout connect 2s
  timeout client 30m
  timeout server 30m
listen primary
  bind 127.0.0.1:{self.port}
  option httpchk OPTIONS /primary
  http-check expect status 200
  default-server inter 1s fall 2 rise 1 on-marked-down shutdown-sessions
{servers}
""")
        self._popen(["/usr/sbin/haproxy", "-db", "-f", str(file)], "haproxy.log")

    def _makes_owner(self):
        """HAProxy takes every server for a good one until it has asked it."""
        with contextlib.suppress(psycopg.Error):
            for _ in range(2 * len(self.nodes)):
                with psycopg.connect(self.url("postgres", "postgres"), autocommit=True, connect_timeout=3) as superuser:
                    if superuser.execute("SELECT pg_is_in_recovery()").fetchone()[0]:
                        return False
            with psycopg.connect(self.url("postgres", "postgres"), autocommit=True, connect_timeout=3) as superuser:
                superuser.execute(f"CREATE ROLE countersign_owner LOGIN CREATEROLE PASSWORD '{self.password}'")
            return True
        return False

    # What it is, and what becomes of it.

    def primary(self):
        return next((node for node in self.nodes if node.ask("primary")[0] == 200), None)

    def is_whole(self):
        """A primary, and two others that stream; one of them synchronous where that is asked for."""
        if self.primary() is None:
            return False
        streaming = [node for node in self.nodes if node.ask("replica")[1].get("replication_state", "streaming") ==
                     "streaming" and node.ask("replica")[0] == 200]
        return len(streaming) == 2 and (not self.is_synchronous or
                                        any(node.ask("synchronous")[0] == 200 for node in self.nodes))

    def kill_primary(self):
        """As when its machine loses power: Patroni and server at once, and nobody is told."""
        node = self.primary()
        postmaster = int((node.folder / "data" / "postmaster.pid").read_text().split()[0])
        children = subprocess.run(["pgrep", "-P", str(postmaster)], capture_output=True, text=True, check=False).stdout
        for process in (node.process.pid, postmaster, *map(int, children.split())):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        node.process.wait(10)
        self.processes.remove(node.process)
        return node

    def url(self, login, database):
        return f"postgres://{login}:{self.password}@127.0.0.1:{self.port}/{database}"

    def worker_url(self, url, _):
        """All three by name, so that workers need no proxy."""
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)
        return re.sub(r"@[^/]*/([^?]*)", rf"@{hosts}/\1", url) + "?target_session_attrs=read-write"

    def remove(self):
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
        for node in self.nodes:
            with contextlib.suppress(OSError, ValueError):
                os.kill(int((node.folder / "data" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        time.sleep(1)
        shutil.rmtree(self.folder, ignore_errors=True)
