"""The installation that faults are made in: a server of its own, workers behind networks of their own, a receiver."""
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

from check import eventually
from proxy import Proxy
from system import PROGRAM, System


class Receiver:
    """A process of its own that takes webhooks."""

    def __init__(self, file):
        self.file = file
        self.process = subprocess.Popen([sys.executable, pathlib.Path(__file__).with_name("receiver.py"), file], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.port = int(self.process.stdout.readline())

    def answers(self, status, seconds=0):
        """From now on, each after so long."""
        print(status, seconds, file=self.process.stdin, flush=True)

    def received(self):
        """A line of each: the request, its end, and the webhook's id."""
        return self.file.read_text().splitlines()


class Worker:
    """One of the two: what runs it, and the network between it and the server. `is_wanted` where it is to run."""

    def __init__(self, name, port):
        self.name, self.proxy, self.process, self.is_wanted = name, Proxy(port), None, False
        self.lock = threading.RLock()


class Installation(System):
    def __init__(self, cluster):
        os.environ["OWNER_URL"] = cluster.url("countersign_owner", "postgres")
        os.environ["SUPERUSER_URL"] = cluster.url("postgres", "postgres")
        super().__init__(quick=True)
        self.cluster = cluster
        self.workers = [Worker(name, cluster.port) for name in ("first", "second")]
        self.is_over = threading.Event()

    def __exit__(self, *_):
        self.is_over.set()
        super().__exit__()

    def _harden(self):
        """Not what is rehearsed here."""

    def _receiver(self):
        receiver = Receiver(self.folder / "webhooks")
        self.processes.append(receiver.process)
        return receiver

    def _start(self):
        with self.owner() as owner:
            owner.execute("UPDATE countersign.portals SET max_open_requests = 1000000")
        with self.superuser() as superuser:
            for login in ("acme", "mobile"):
                superuser.execute(f"ALTER ROLE attack_{login} CONNECTION LIMIT -1")
        for worker in self.workers:
            self.start_worker(worker)
        threading.Thread(target=self._supervise, daemon=True).start()
        eventually("both workers are there", lambda: self.heartbeats() >= len(self.workers))

    def start_worker(self, worker, **more):
        environment = {**self.environment("worker"), **more}
        environment["DATABASE_URL"] = self.cluster.worker_url(environment["DATABASE_URL"], worker)
        with worker.lock, open(self.folder / f"worker-{worker.name}-{time.monotonic_ns()}.log", "w") as log:
            worker.process = subprocess.Popen(
                [PROGRAM, "work", "--allow-http", "127.0.0.0/8", "--allow-ports", str(self.receiver.port)],
                env=environment, stdout=log, stderr=log)
            worker.is_wanted = True
            self.processes.append(worker.process)

    def end_worker(self, worker, how=signal.SIGKILL):
        with worker.lock:
            worker.is_wanted = False
            worker.process.send_signal(how)
            worker.process.wait(30)
            self.processes.remove(worker.process)

    def _supervise(self):
        """As the units of scripts/systemd do: a worker that finds no server ends, and is started again after 2 s."""
        while not self.is_over.wait(2):
            for worker in self.workers:
                with worker.lock:
                    ended = worker.is_wanted and not self.is_over.is_set() and worker.process.poll()
                    if ended and ended not in (64, 77, 78):
                        self.processes.remove(worker.process)
                        self.start_worker(worker)

    def make_whole(self):
        """Whatever is stopped runs again, and no network swallows anything."""
        if self.cluster.run("pg_ctl", "-D", str(self.cluster.data), "status", check=False).returncode:
            self.cluster.start()
        self.receiver.answers(204)
        for worker in self.workers:
            worker.proxy.melt()
            if not worker.is_wanted:
                self.start_worker(worker)

    def heartbeats(self):
        with self.superuser() as superuser:
            return superuser.execute("SELECT count(*) FROM countersign.workers "
                                     "WHERE heartbeat_at > clock_timestamp() - interval '5 s'").fetchone()[0]

    def housekeeper(self):
        """The worker that keeps house, by the number of its process."""
        with self.superuser() as superuser:
            row = superuser.execute("SELECT w.process_id FROM countersign.epoch e JOIN countersign.workers w "
                                    "ON w.worker_id = e.kept_by").fetchone()
        return next((worker for worker in self.workers if row and worker.process.pid == row[0]), self.workers[0])

    def log_tails(self):
        return "\n".join(f"{log.name}: {line}" for log in sorted(self.folder.glob("worker-*.log"))
                         for line in log.read_text(errors="replace").splitlines()[-3:])


