"""Who uses an installation while it is upgraded: portals that insert, others that wait for a code, and whole sign-ins."""
import os
import pathlib
import signal
import subprocess
import threading
import time

import psycopg

from device import Device, submission_of

INSERT = "INSERT INTO countersign.auth_requests (auth_type, callback_uri) VALUES ('qr-code', 'https://acme.example/cb')"
# NULL is no code yet: a portal asks again, as it is told to, and here at most three times 10 s.
AWAIT = "\\set again true\n" + """\\if :again
SELECT countersign.await_otp(':transaction_id', '10 s') IS NULL AS again \\gset
\\endif
""" * 3 + "SELECT 1 / (NOT ':again'::boolean)::integer;\n"
SCRIPTS = {"insert": f"{INSERT};\n", "await": f"{INSERT} RETURNING transaction_id \\gset\n{AWAIT}"}


class Load:
    """200 inserts and 40 waiting portals a second by pgbench, and two users who sign in with signatures.

    `done` has for each kind, `insert`, `await` and `sign-in`, when each began (seconds of the wall clock) and how many
    milliseconds it took; `errors` when a client was told what."""

    def __init__(self, site):
        self.site, self.over = site, threading.Event()
        self.done, self.errors = {"insert": [], "await": [], "sign-in": []}, []
        self.clients, self.threads = [], []

    def __enter__(self):
        self._bench("insert", "-c", "4", "-R", "200")
        self._bench("await", "-c", "16", "-R", "40")
        for number in range(2):
            self._thread(self._sign_ins, number)
        return self

    def __exit__(self, *_):
        self.over.set()
        for client in self.clients:
            client.send_signal(signal.SIGALRM)  # by which pgbench itself ends what has a time
        for client in self.clients:
            client.wait(60)
        for thread in self.threads:
            thread.join(60)
        for kind in SCRIPTS:
            self._read(kind)

    def _thread(self, body, *values):
        thread = threading.Thread(target=body, args=values, daemon=True)
        thread.start()
        self.threads.append(thread)

    def _bench(self, kind, *options):
        folder = self.site.folder / kind
        folder.mkdir()
        (folder / "script").write_text(SCRIPTS[kind])
        client = subprocess.Popen(
            [pathlib.Path(os.environ["BINARIES"]) / "pgbench", "-n", "-M", "simple", "-T", "86400", "-j", "2", "-l",
             "-f", "script", *options, self.site.url("acme")],
            cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.clients.append(client)
        self._thread(self._listen, client)

    def _listen(self, client):
        for line in client.stdout:
            if "error" in line.lower() or "fatal" in line.lower():
                self.errors.append((time.time(), line.strip()))

    def _read(self, kind):
        """A log's line is client, number, microseconds, script, seconds and microseconds of its end, lag: how late it
        began, by this machine's fault."""
        for log in (self.site.folder / kind).glob("pgbench_log.*"):
            for line in log.read_text().splitlines():
                number = [int(word) for word in line.split()]
                took = (number[2] - number[6]) / 1000
                self.done[kind].append((number[4] + number[5] / 1e6 - took / 1000, took))

    # Sign-ins.

    def _sign_ins(self, number):
        device = Device(f"user-{number}", f"phone-{number}")
        with self.site.login("acme") as portal, self.site.login("mobile") as app:
            device.enroll(lambda sql, *values: app.execute(sql, values).fetchone())
            while not self.over.wait(0.2):
                began = time.time()
                try:
                    self._sign_in(device, portal, app)
                    self.done["sign-in"].append((began, (time.time() - began) * 1000))
                except (psycopg.Error, AssertionError) as error:
                    self.errors.append((began, f"sign-in: {type(error).__name__}: {error}"))

    def _sign_in(self, device, portal, app):
        request = portal.execute(f"{INSERT} RETURNING transaction_id").fetchone()[0]
        code = self._until(portal, "SELECT countersign.await_otp(%s, '10 s')", request)[0]
        prompt = self._submit(app, device.answer("scan", code))[2]
        self._submit(app, device.answer("accept", code, prompt))
        row = portal.execute("SELECT status, user_id FROM countersign.auth_results WHERE transaction_id = %s",
                             [request]).fetchone()
        assert row == ("authenticated", device.user), f"accepted, and the portal reads {row}"

    def _submit(self, app, columns):
        submission = app.execute(submission_of(columns), list(columns.values())).fetchone()[0]
        row = self._until(app, "SELECT result, reason, prompt FROM countersign.await_submission(%s, '10 s')", submission)
        assert row[0] == "accepted", row
        return row

    @staticmethod
    def _until(connection, sql, value):
        """Asks again for as long as there is nothing yet, 30 s at most."""
        end = time.monotonic() + 30
        while time.monotonic() < end:
            row = connection.execute(sql, [value]).fetchone()
            if row and row[0] not in (None, "pending"):
                return row
        raise AssertionError(f"after 30 s nothing yet: {sql}")
