"""The system under attack: a database of its own, a worker, a gateway, two portals, two apps, and their neighbours' tools."""
import base64
import json
import os
import pathlib
import re
import secrets
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg

from check import Made, eventually

PROGRAM = os.environ["COUNTERSIGN"]
DATABASE = "countersign_attack"
LOGINS = [f"attack_{name}" for name in "acme globex mobile other worker gateway ops spare evil".split()]
GROUPS = {"worker": "worker", "gateway": "gateway", "ops": "admin"}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


def http(url, data=None, headers=(), timeout=8, method=None):
    """Asks, follows nothing, and takes every status for an answer."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None

    body = urllib.parse.urlencode(data).encode() if isinstance(data, (dict, list)) else data
    request = urllib.request.Request(url, body, dict(headers), method=method)
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({}), Stay).open(request, timeout=timeout) as answer:
            return Answer(answer.status, answer.headers, answer.read().decode())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.headers, error.read().decode())


class Receiver:
    """Takes webhooks on this machine."""

    def __init__(self):
        self.received = received = []

        class Callback(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                received.append((self.path, dict(self.headers.items()), body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Callback)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class System(Made):
    def __init__(self, quick):
        self.quick = quick
        self.processes = []
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="countersign-attack-"))
        self.owner_url = re.sub(r"/[^/?]*(\?|$)", rf"/{DATABASE}\1", os.environ["OWNER_URL"])
        self.superuser_url = os.environ["SUPERUSER_URL"]
        self.passwords = {}

    # Making it, and ending it.

    def __exit__(self, *_):
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
        self._drop()
        subprocess.run(["rm", "-rf", str(self.folder)], check=False)

    def _drop(self):
        with psycopg.connect(self.superuser_url, autocommit=True) as superuser:
            superuser.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
            superuser.execute(f"DROP ROLE IF EXISTS {', '.join(LOGINS)}")

    def _make(self):
        self._drop()
        with psycopg.connect(self.superuser_url, autocommit=True) as superuser:
            superuser.execute(f"CREATE DATABASE {DATABASE} OWNER countersign_owner")
        self.key = self.run("key", "generate").split("=", 1)[1].strip()
        self.run("migrate", "up", "--share-groups")
        self.receiver = self._receiver()
        self.secrets, self.credentials = {}, {}
        for portal in ("acme", "globex"):
            added = json.loads(self.run("portal", "add", portal, "--role", f"attack_{portal}", "--json"))
            self.passwords[portal], self.secrets[portal] = added["password"], added["signing_secret"]
            self.run("callback", "add", portal, self.callback(portal))
            made = json.loads(self.run("portal", "credentials", "add", portal, "--json"))
            self.credentials[portal] = made["client_id"], made["client_secret"]
        for app in ("mobile", "other"):
            added = json.loads(self.run("app", "add", app, "--role", f"attack_{app}", "--json"))
            self.passwords[app] = added["password"]
        self.run("type", "add", "qr-code", "--message", "en=Sign in")
        self.run("type", "add", "short", "--expires-in", "30", "--message", "en=Sign in")
        self.run("settings", "set", "enrollment_enabled=true")
        self._make_logins()
        self._harden()
        self._start()

    def _receiver(self):
        return Receiver()

    def _make_logins(self):
        with self.owner() as owner:
            for name, group in GROUPS.items():
                self.passwords[name] = secrets.token_hex(16)
                owner.execute(f"CREATE ROLE attack_{name} LOGIN PASSWORD '{self.passwords[name]}' "
                              f"IN ROLE countersign_{group}")

    def _harden(self):
        """All that the doctor gives the superuser to paste, so that nobody stops all."""
        found = json.loads(self.run("doctor", "--json", check=False).stdout)
        remedies = [finding["remedy"] for finding in found if finding["check"] == "rights on the server" and finding["remedy"]]
        assert remedies, "the doctor has nothing for the superuser to paste"
        subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", self.at(self.superuser_url)], input="\n".join(remedies),
                       text=True, check=True, capture_output=True, timeout=60)

    def _start(self):
        self.gateway, self.operations, self.worker_operations = (
            f"http://127.0.0.1:{free_port()}" for _ in range(3))
        self.console = json.loads(self.run("operator", "add", "anna", "--role", "admin", "--json"))["password"]
        self.start("work", "--allow-http", "127.0.0.0/8", "--allow-ports", f"{self.receiver.port},1-65535",
                   "--operations-listen", self.worker_operations[7:], login="worker")
        self.start("serve", "--listen", self.gateway[7:], "--max-connections", "64",
                   "--operations-listen", self.operations[7:], login="gateway")
        for url in (self.gateway, self.operations, self.worker_operations):
            eventually(f"{url} answers", lambda: self._answers(url + "/healthz"))

    @staticmethod
    def _answers(url):
        try:
            return http(url, timeout=2).status
        except OSError:
            return None

    def environment(self, login):
        url = self.url(login) if login else self.owner_url
        return {**{k: v for k, v in os.environ.items() if not k.startswith("PG")}, "DATABASE_URL": url,
                "COUNTERSIGN_MASTER_KEY": getattr(self, "key", ""), "HOME": str(self.folder),
                "COUNTERSIGN_OPERATIONS_DATABASE_URL": self.url("ops") if "ops" in self.passwords else url}

    def start(self, *words, login, prefix=()):
        log = open(self.folder / f"{words[0]}-{len(self.processes)}.log", "w")
        process = subprocess.Popen([*prefix, PROGRAM, *words], env=self.environment(login), stdout=log, stderr=log)
        self.processes.append(process)
        return process

    def run(self, *words, login=None, timeout=60, check=True, **more):
        ended = subprocess.run([PROGRAM, *words], env={**self.environment(login), **more}, timeout=timeout,
                               capture_output=True, text=True)
        if check and ended.returncode:
            raise AssertionError(f"countersign {' '.join(words[:2])}: {ended.stderr.strip()[:300]}")
        return ended.stdout if check else ended

    # Whoever shares it.

    @staticmethod
    def at(url):
        return re.sub(r"/[^/?]*(\?|$)", rf"/{DATABASE}\1", url)

    def url(self, name):
        return re.sub(r"//[^@]*@", f"//attack_{name}:{self.passwords[name]}@", self.owner_url)

    def login(self, name, **options):
        return psycopg.connect(self.url(name), autocommit=True, connect_timeout=10, **options)

    def owner(self):
        return psycopg.connect(self.owner_url, autocommit=True)

    def superuser(self):
        return psycopg.connect(self.at(self.superuser_url), autocommit=True)

    def callback(self, portal):
        return f"http://127.0.0.1:{self.receiver.port}/{portal}"

    def request(self, connection, portal="globex", **columns):
        values = {"auth_type": "qr-code", "callback_uri": self.callback(portal), **columns}
        names, places = ", ".join(values), ", ".join(["%s"] * len(values))
        return connection.execute(f"INSERT INTO countersign.auth_requests ({names}) VALUES ({places}) "
                                  "RETURNING transaction_id", list(values.values())).fetchone()[0]

    def code_in(self, seconds=5):
        """The seconds in which globex, who is nobody's enemy, gets a code; too many are a failure."""
        began = time.monotonic()
        with self.login("globex") as portal:
            transaction = self.request(portal)
            code = portal.execute("SELECT countersign.await_otp(%s, '8 s')", [transaction]).fetchone()[0]
            taken = time.monotonic() - began
            portal.execute("SELECT countersign.cancel_request(%s)", [transaction])
        assert code, f"globex got no code in {taken:.1f} s"
        assert taken < seconds, f"globex waited {taken:.1f} s for its code"
        return f"globex had its code in {taken * 1000:.0f} ms"

    def started_over_http(self, seconds=5):
        """The same over HTTP."""
        began = time.monotonic()
        answer = self.start_over_http("globex")
        taken = time.monotonic() - began
        assert answer.status in (200, 201), f"globex got {answer.status} after {taken:.1f} s"
        assert taken < seconds, f"globex waited {taken:.1f} s"
        return f"globex was served in {taken * 1000:.0f} ms"

    def basic(self, portal, secret=None):
        name, right = self.credentials[portal]
        return {"Authorization": "Basic " + base64.b64encode(f"{name}:{secret or right}".encode()).decode()}

    def start_over_http(self, portal, secret=None):
        return http(f"{self.gateway}/oauth/api/v4/authenticate/user",
                    {"type": "qr-code", "callback_uri": self.callback(portal)}, self.basic(portal, secret))

