"""What is upgraded: a database of its own on the server of SUPERUSER_URL, and the workers of both programs."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

import psycopg

from check import Made, eventually

SECRET = "secret"
STAGES = "enroll,issue,validate,expire,housekeep"


class Program:
    """One of the two: what it is called, and where it is."""

    def __init__(self, name, path):
        self.name, self.path = name, path


class Site(Made):
    """Made by the previous program, with so many requests that have ended."""

    def __init__(self, previous, rows):
        self.previous, self.rows = previous, rows
        self.name = f"countersign_rehearsal_{os.getpid()}"
        # With groups of its own: others on the server would have theirs from an owner that goes.
        self.installation = f"rehearsal{os.getpid()}"
        self.superuser_url = os.environ["SUPERUSER_URL"]
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="countersign-rehearsal-"))
        self.roles = {role: f"{self.name}_{role}" for role in ("owner", "worker", "acme", "mobile")}
        self.workers, self.key = [], ""

    def __exit__(self, *_):
        for worker in self.workers:
            worker.terminate()
        for worker in self.workers:
            worker.wait(30)
        with psycopg.connect(self.superuser_url, autocommit=True) as superuser:
            superuser.execute(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")
            groups = superuser.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE %s",
                                       [f"countersign\\_{self.installation}\\_%"])
            for role in [name for name, in groups] + list(reversed(self.roles.values())):
                superuser.execute(f"DROP ROLE IF EXISTS {role}")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _make(self):
        with psycopg.connect(self.superuser_url, autocommit=True) as superuser:
            for role in self.roles.values():
                superuser.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{SECRET}'")
            superuser.execute(f"ALTER ROLE {self.roles['owner']} CREATEROLE")
            superuser.execute(f"CREATE DATABASE {self.name} OWNER {self.roles['owner']} TEMPLATE template0 ENCODING 'UTF8'")
            self.key = self.run(self.previous, "key", "generate").split("=", 1)[1].strip()
            self.run(self.previous, "migrate", "up", "--installation", self.installation)
            superuser.execute(f"GRANT countersign_{self.installation}_worker TO {self.roles['worker']}")
        self.run(self.previous, "portal", "add", "acme", "--role", self.roles["acme"])
        self.run(self.previous, "callback", "add", "acme", "https://acme.example/cb")
        self.run(self.previous, "app", "add", "mobile", "--role", self.roles["mobile"])
        self.run(self.previous, "type", "add", "qr-code", "--message", "en=Sign in")
        self.run(self.previous, "settings", "set", "enrollment_enabled=true")
        with self.login("owner") as owner:
            owner.execute(
                "INSERT INTO countersign.auth_requests (requested_at, expires_at, resolved_at, portal_id, status, auth_type,"
                " method, callback_uri, message) SELECT now(), now(), now(), 1, 'expired', 'qr-code', 'otp',"
                " 'https://acme.example/cb', 'Sign in' FROM generate_series(1, %s)", [self.rows])
            owner.execute("VACUUM (ANALYZE) countersign.auth_requests")
        with psycopg.connect(self.superuser_url, autocommit=True) as superuser:
            superuser.execute("CHECKPOINT")  # of what was just made, which is no part of an upgrade

    def url(self, role):
        url = re.sub(r"//[^@]*@", f"//{self.roles[role]}:{SECRET}@", self.superuser_url)
        return re.sub(r"/[^/?]*(\?|$)", rf"/{self.name}\1", url)

    def login(self, role):
        return psycopg.connect(self.url(role), autocommit=True)

    def ask(self, sql, *values):
        with self.login("owner") as owner:
            return owner.execute(sql, values).fetchone()[0]

    def environment(self, role):
        return {**{name: value for name, value in os.environ.items() if not name.startswith("PG")},
                "DATABASE_URL": self.url(role), "COUNTERSIGN_MASTER_KEY": self.key}

    def run(self, program, *words, may=(0,)):
        """What a command of the owner's says, which ends with 0 or what else it may."""
        ended = subprocess.run([program.path, *words], env=self.environment("owner"), capture_output=True, text=True,
                               check=False)
        assert ended.returncode in may, (f"`{' '.join(words[:2])}` of the {program.name} program ends with "
                                         f"{ended.returncode}: {ended.stderr.strip() or ended.stdout.strip()}")
        return ended.stdout

    def drift(self, program):
        """What that program's doctor finds, as (grade, sentence); he ends with 78 for other errors, too."""
        found = json.loads(self.run(program, "doctor", "--json", may=(0, 78)))
        return [(finding["grade"], finding["finding"]) for finding in found if finding["check"] == "drift"]

    # Workers.

    def start_worker(self, program):
        log = open(self.folder / f"worker-{program.name}-{len(self.workers)}-{os.urandom(2).hex()}.log", "w")
        worker = subprocess.Popen([program.path, "work", "--stages", STAGES], env=self.environment("worker"),
                                  stdout=log, stderr=log)
        self.workers.append(worker)
        return worker

    def end_worker(self, worker):
        """Has it drain."""
        self.workers.remove(worker)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(30) == 0, f"a worker that drains ends with {worker.returncode}"

    def is_issuing(self, worker):
        assert worker.poll() is None, f"a worker has ended with {worker.returncode}"
        return self.ask("SELECT coalesce(sum(s.done_last_minute), 0) > 0 FROM countersign.workers w "
                        "JOIN countersign.worker_stages s USING (worker_id) WHERE w.process_id = %s AND s.stage = 'issue'",
                        worker.pid)

    def replace_workers(self, program):
        """One by one, each when its successor issues codes."""
        for worker in list(self.workers):
            successor = self.start_worker(program)
            eventually(f"a worker of the {program.name} program issues codes", lambda: self.is_issuing(successor), 60)
            self.end_worker(worker)

    def log_tails(self):
        return "\n".join(f"{log.name}: {line}" for log in sorted(self.folder.glob("*.log"))
                         for line in log.read_text(errors="replace").splitlines()[-5:])
