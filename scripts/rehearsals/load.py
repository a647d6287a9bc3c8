"""Whole sign-ins, signed, and all that their clients were told: of every kind, again and again, by several at a time."""
import dataclasses
import itertools
import queue
import random
import threading
import time
import uuid

import psycopg

from device import Device

# What a client may meet while something is broken, and then tries again.
BROKEN = (psycopg.OperationalError, psycopg.InterfaceError, psycopg.InternalError)
KINDS = ["accept"] * 6 + ["deny", "never", "cancelled", "raced", "late"]
TRY_AGAIN = ("53", "57", "08", "25006", "55", "40")


@dataclasses.dataclass
class SignIn:
    """One, as its clients saw it. `told` has what they were told, in order."""

    kind: str
    user: str
    reference: str = dataclasses.field(default_factory=lambda: f"r-{uuid.uuid4()}")
    id: uuid.UUID = None
    asked: float = None
    had_code: float = None
    told: list = dataclasses.field(default_factory=list)


class Session:
    """A login's connection, made anew whenever it is lost. It gives up after half a minute without success."""

    def __init__(self, installation, login):
        self.installation, self.login, self.connection = installation, login, None

    def run(self, sql, *values, repeat=True, over=None):
        end = time.monotonic() + 60
        while True:
            try:
                if self.connection is None or self.connection.closed:
                    self.connection = self.installation.login(self.login, keepalives_idle=2, keepalives_interval=1,
                                                              keepalives_count=3, tcp_user_timeout=5000)
                return self.connection.execute(sql, values).fetchone()
            except psycopg.Error as error:
                is_broken = isinstance(error, BROKEN) or (error.sqlstate or "").startswith(TRY_AGAIN)
                if not is_broken or not repeat or time.monotonic() > end or over and over.is_set():
                    raise
                self.close()
                time.sleep(0.05)

    def close(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None


class Load:
    """`clients` threads, each with one session of the portal and one of the app, and a device of its own."""

    def __init__(self, installation, clients):
        self.installation, self.clients = installation, clients
        self.history, self.lock = [], threading.Lock()
        self.over = threading.Event()
        self.errors = []
        self.threads = []
        self.late = queue.Queue()

    def __enter__(self):
        for number in range(self.clients):
            thread = threading.Thread(target=self._client, args=[number], daemon=True)
            thread.start()
            self.threads.append(thread)
        self.latecomer = threading.Thread(target=self._answer_late, daemon=True)
        self.latecomer.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join(90)
        self.late.put(None)
        self.latecomer.join(60)

    def _client(self, number):
        portal, app = Session(self.installation, "acme"), Session(self.installation, "mobile")
        device = Device(f"user-{number}", f"phone-{number}")
        self._enroll(device, app)
        for turn in itertools.count(number):
            if self.over.is_set():
                return
            record = SignIn(KINDS[turn % len(KINDS)], device.user)
            with self.lock:
                self.history.append(record)
            try:
                self._sign_in(record, portal, app, device)
            except BROKEN as error:
                record.told.append(f"gave up: {type(error).__name__}")
            except Exception as error:  # whatever else a client is told is an error of ours
                self.errors.append(f"{record.kind}: {type(error).__name__}: {error}"[:200])
                portal.close()
                app.close()

    @staticmethod
    def _enroll(device, app):
        row = app.run("INSERT INTO countersign.enrollments (user_id, device_id, public_key) VALUES (%s, %s, %s) "
                      "RETURNING enrollment_id", device.user, device.name, device.public_key)
        device.enrollment = row[0]
        while (state := app.run("SELECT status, reason FROM countersign.enrollment_results WHERE enrollment_id = %s",
                                row[0]))[0] == "pending":
            time.sleep(0.02)
        assert state[0] == "active", state

    def _sign_in(self, record, portal, app, device):
        code = self._start(record, portal)
        if code is None:
            return
        if record.kind == "cancelled":
            self._cancel(record, portal)
        elif record.kind == "late":
            return self.late.put((time.monotonic() + 31, record, code, device))
        elif record.kind != "never":
            self._answer(record, code, portal, app, device)
        row = portal.run("SELECT status, user_id FROM countersign.auth_results WHERE transaction_id = %s", record.id)
        record.told.append(f"reads {row[0]}")
        if row[0] == "authenticated" and row[1] != record.user:
            record.told.append(f"reads user {row[1]}")

    def _start(self, record, portal):
        """A portal that does not learn whether its INSERT counted begins anew, with another reference."""
        record.asked = time.monotonic()
        name = "short" if record.kind in ("late", "never") else "qr-code"
        sql = ("INSERT INTO countersign.auth_requests (auth_type, callback_uri, reference, ip_address, user_agent) "
               "VALUES (%s, %s, %s, '203.0.113.7', 'Firefox') RETURNING transaction_id")
        while not self.over.is_set():
            try:
                record.id = portal.run(sql, name, self.installation.callback("acme"), record.reference, repeat=False)[0]
                break
            except psycopg.Error as error:
                if not isinstance(error, BROKEN) and not (error.sqlstate or "").startswith(TRY_AGAIN):
                    raise
                portal.close()
                record.reference = f"r-{uuid.uuid4()}"
                time.sleep(0.05)
        while record.id and not self.over.is_set():
            # A connection that is lost here may have taken the code with it: then it cannot be had again.
            code = portal.run("SELECT countersign.await_otp(%s, '2 s')", record.id)[0]
            if code:
                record.had_code = time.monotonic()
                record.told.append("has code")
                return code
            status = portal.run("SELECT status FROM countersign.auth_results WHERE transaction_id = %s", record.id)[0]
            if status != "requested":
                record.told.append(f"has no code: {status}")
                return None
        return None

    def _answer(self, record, code, portal, app, device):
        scan = self._submit(app, device.answer("scan", code))
        record.told.append(f"scan {scan[0]} {scan[1]}")
        action = "deny" if record.kind == "deny" else "accept"
        answer = device.answer(action, code, scan[2])
        canceller = None
        if record.kind == "raced":
            canceller = threading.Thread(target=self._cancel, args=[record, Session(self.installation, "acme")])
            threading.Timer(random.uniform(0, 0.05), canceller.start).start()
        told = self._submit(app, answer)
        record.told.append(f"{action} {told[0]} {told[1]}")
        if canceller:
            while canceller.ident is None:
                time.sleep(0.005)
            canceller.join(60)

    def _submit(self, app, columns):
        """Sends the same again when the connection was lost, as a phone does."""
        sql = (f"INSERT INTO countersign.submissions ({', '.join(columns)}) "
               f"VALUES ({', '.join(['%s'] * len(columns))}) RETURNING submission_id")
        while True:
            submission = app.run(sql, *columns.values(), over=self.over)[0]
            for _ in range(15):
                row = app.run("SELECT result, reason, prompt FROM countersign.await_submission(%s, '2 s')", submission,
                              over=self.over)
                if row and row[0] != "pending":
                    return row

    def _cancel(self, record, portal):
        told = portal.run("SELECT countersign.cancel_request(%s)", record.id)[0]
        record.told.append(f"cancel {told}")

    def _answer_late(self):
        """Accepts after the request's 30 s."""
        app = Session(self.installation, "mobile")
        while (what := self.late.get()) is not None:
            due, record, code, device = what
            time.sleep(max(0, due - time.monotonic()))
            row = self._submit(app, device.answer("accept", code))
            record.told.append(f"accept {row[0]} {row[1]}")
        app.close()
