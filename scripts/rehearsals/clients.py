"""A process of clients, who sign in with signatures, of every kind, again and again.

Its first line of input is JSON: the URLs of the logins of portal and app, the callback, and the numbers of its clients.
It ends when its input does. Each line of its output is JSON: `done`, a sign-in and all that its clients were told in
order; `open`, once a second, what is not done yet; or `error`, what no client should have been told."""
import itertools
import json
import queue
import random
import sys
import threading
import time
import uuid

import psycopg

from device import Device, submission_of

# What a client may meet while something is broken, and then tries again.
BROKEN = (psycopg.OperationalError, psycopg.InterfaceError, psycopg.InternalError)
KINDS = ["accept"] * 6 + ["deny", "never", "cancelled", "raced", "late"]
TRY_AGAIN = ("53", "57", "08", "25006", "55", "40")


def is_broken(error):
    return isinstance(error, BROKEN) or (error.sqlstate or "").startswith(TRY_AGAIN)


def pauses():
    """Seconds between tries. To connect takes both ends milliseconds: many at once would take the machine from what recovers."""
    yield from (0.05, 0.1, 0.2)
    yield from itertools.repeat(0.4)


class SignIn:
    """One, as its clients saw it. `told` has what they were told, in order."""

    def __init__(self, kind, user):
        self.kind, self.user, self.reference = kind, user, f"r-{uuid.uuid4()}"
        self.id = self.asked = self.had_code = None
        self.told = []


class Session:
    """A login's connection, made anew whenever it is lost. It gives up after a minute without success."""

    def __init__(self, url):
        self.url, self.connection = url, None

    def run(self, sql, *values, repeat=True, over=None):
        end, pause = time.monotonic() + 60, pauses()
        while True:
            try:
                if self.connection is None or self.connection.closed:
                    self.connection = psycopg.connect(self.url, autocommit=True, connect_timeout=10, keepalives_idle=2,
                                                      keepalives_interval=1, keepalives_count=3, tcp_user_timeout=5000)
                return self.connection.execute(sql, values).fetchone()
            except psycopg.Error as error:
                if not is_broken(error) or not repeat or time.monotonic() > end or over and over.is_set():
                    raise
                self.close()
                time.sleep(next(pause))

    def close(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None


class Clients:
    """A thread each, with two sessions of the portal and one of the app, and a device of its own."""

    def __init__(self, portal, app, callback, numbers):
        self.urls, self.callback = (portal, app), callback
        self.over = threading.Event()
        self.late = queue.Queue()
        self.at_work = {}
        self.output = threading.Lock()
        self.latecomer = threading.Thread(target=self._answer_late, daemon=True)
        self.threads = [threading.Thread(target=self._client, args=[number], daemon=True) for number in numbers]

    def run(self):
        """Until the input ends."""
        for thread in (self.latecomer, *self.threads):
            thread.start()
        threading.Thread(target=self._tell_open, daemon=True).start()
        sys.stdin.read()
        self.over.set()
        for thread in self.threads:
            thread.join(90)
        self.late.put(None)
        self.latecomer.join(60)

    def _print(self, **line):
        with self.output:
            print(json.dumps(line, separators=(",", ":")), flush=True)

    def _tell_open(self):
        while not self.over.wait(1):
            self._print(open=[[record.asked, record.had_code] for record in list(self.at_work.values()) if record.id],
                        at=time.monotonic())

    def _tell(self, record):
        self._print(done=[record.kind, record.user, record.id and str(record.id), record.asked, record.had_code, record.told])

    def _client(self, number):
        portal, app = map(Session, self.urls)
        canceller = Session(self.urls[0])
        device = Device(f"user-{number}", f"phone-{number}")
        device.enroll(app.run)
        for turn in itertools.count(number):
            if self.over.is_set():
                break
            record = self.at_work[number] = SignIn(KINDS[turn % len(KINDS)], device.user)
            is_done = True
            try:
                is_done = self._sign_in(record, portal, app, canceller, device)
            except BROKEN as error:
                record.told.append(f"gave up: {type(error).__name__}")
            except Exception as error:  # whatever else a client is told is an error of ours
                self._print(error=f"{record.kind}: {type(error).__name__}: {error}"[:200])
                for session in (portal, app, canceller):
                    session.close()
            del self.at_work[number]
            if is_done:
                self._tell(record)

    def _sign_in(self, record, portal, app, canceller, device):
        """Whether it is done; who comes late is not."""
        code = self._start(record, portal)
        if code is None:
            return True
        if record.kind == "cancelled":
            self._cancel(record, portal)
        elif record.kind == "late":
            self.late.put((time.monotonic() + 31, record, code, device))
            return False
        elif record.kind != "never":
            self._answer(record, code, app, canceller, device)
        row = portal.run("SELECT status, user_id FROM countersign.auth_results WHERE transaction_id = %s", record.id)
        record.told.append(f"reads {row[0]}")
        if row[0] == "authenticated" and row[1] != record.user:
            record.told.append(f"reads user {row[1]}")
        return True

    def _start(self, record, portal):
        """A portal that does not learn whether its INSERT counted begins anew, with another reference."""
        record.asked = time.monotonic()
        name = "short" if record.kind in ("late", "never") else "qr-code"
        sql = ("INSERT INTO countersign.auth_requests (auth_type, callback_uri, reference, ip_address, user_agent) "
               "VALUES (%s, %s, %s, '203.0.113.7', 'Firefox') RETURNING transaction_id")
        pause = pauses()
        while not self.over.is_set():
            try:
                record.id = portal.run(sql, name, self.callback, record.reference, repeat=False)[0]
                break
            except psycopg.Error as error:
                if not is_broken(error):
                    raise
                portal.close()
                record.reference = f"r-{uuid.uuid4()}"
                time.sleep(next(pause))
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

    def _answer(self, record, code, app, session, device):
        scan = self._submit(app, device.answer("scan", code))
        record.told.append(f"scan {scan[0]} {scan[1]}")
        action = "deny" if record.kind == "deny" else "accept"
        answer = device.answer(action, code, scan[2])
        canceller = None
        if record.kind == "raced":
            canceller = threading.Thread(target=self._cancel, args=[record, session])
            threading.Timer(random.uniform(0, 0.05), canceller.start).start()
        told = self._submit(app, answer)
        record.told.append(f"{action} {told[0]} {told[1]}")
        if canceller:
            while canceller.ident is None:
                time.sleep(0.005)
            canceller.join(60)

    def _submit(self, app, columns):
        """Sends the same again when the connection was lost, as a phone does."""
        while True:
            submission = app.run(submission_of(columns), *columns.values(), over=self.over)[0]
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
        app = Session(self.urls[1])
        while (what := self.late.get()) is not None:
            due, record, code, device = what
            time.sleep(max(0, due - time.monotonic()))
            try:
                row = self._submit(app, device.answer("accept", code))
                record.told.append(f"accept {row[0]} {row[1]}")
            except BROKEN as error:
                record.told.append(f"gave up: {type(error).__name__}")
            except Exception as error:  # as above
                self._print(error=f"late: {type(error).__name__}: {error}"[:200])
                app.close()
            self._tell(record)


if __name__ == "__main__":
    Clients(**json.loads(sys.stdin.readline())).run()
