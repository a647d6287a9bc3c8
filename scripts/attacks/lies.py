"""B: lies and theft by those who speak SQL."""
import base64
import hashlib
import hmac
import subprocess
import time
import uuid

import psycopg

from check import attack, eventually
from packets import armor, dearmor, with_order_added


class Device:
    """Signs with GnuPG what an app's device signs, see Apps.md."""

    def __init__(self, system, app):
        self.app, self.home = app, system.folder / f"gpg-{uuid.uuid4().hex[:8]}"
        self.home.mkdir(0o700)
        self.gpg("--generate-key", text="%no-protection\nKey-Type: eddsa\nKey-Curve: ed25519\nKey-Usage: sign,cert\n"
                                        "Subkey-Type: ecdh\nSubkey-Curve: cv25519\nName-Real: device\nExpire-Date: 0\n%commit\n")
        self.enrollment = app.execute(
            "INSERT INTO countersign.enrollments (user_id, device_id, public_key) VALUES ('alice', %s, %s) "
            "RETURNING enrollment_id", [self.home.name, self.gpg("--armor", "--export")]).fetchone()[0]
        status, reason = eventually("the device is enrolled", lambda: app.execute(
            "SELECT status, reason FROM countersign.enrollment_results WHERE enrollment_id = %s AND status <> 'pending'",
            [self.enrollment]).fetchone())
        assert status == "active", f"the device is {status}: {reason}"

    def gpg(self, *words, text=None):
        ended = subprocess.run(["gpg", "--homedir", str(self.home), "--batch", "--quiet", "--pinentry-mode", "loopback", *words],
                               input=text, capture_output=True, text=True, timeout=30, check=True)
        return ended.stdout

    def close(self):
        subprocess.run(["gpgconf", "--homedir", str(self.home), "--kill", "all"], check=False)

    def signed(self, action, otp, prompt=None):
        code = base64.urlsafe_b64decode(otp)
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        lines = ["countersign-v1", action, str(uuid.UUID(bytes=code[:16])), hashlib.sha256(code[16:]).hexdigest(),
                 str(self.enrollment), at, hashlib.sha256(prompt.encode()).hexdigest() if prompt else "-"]
        signature = self.gpg("--armor", "--detach-sign", text="".join(line + "\n" for line in lines))
        return at, lines[6] if prompt else None, signature

    def submit(self, action, otp, signed):
        at, digest, signature = signed
        submission = self.app.execute(
            "INSERT INTO countersign.submissions (enrollment_id, otp, action, signed_at, prompt_digest, signature) "
            "VALUES (%s, %s, %s, %s, %s, %s) RETURNING submission_id",
            [self.enrollment, otp, action, at, digest, signature]).fetchone()[0]
        return self.app.execute("SELECT result, reason, prompt FROM countersign.await_submission(%s, '8 s')",
                                [submission]).fetchone()


def code_of(system, portal, **columns):
    transaction = system.request(portal, **columns)
    return transaction, portal.execute("SELECT countersign.await_otp(%s, '8 s')", [transaction]).fetchone()[0]


@attack("B9 the same signature in other armor, and with S + L")
def malleable(system):
    with system.login("mobile") as app, system.login("globex") as portal:
        device = Device(system, app)
        try:
            _, otp = code_of(system, portal)
            scan = device.signed("scan", otp)
            # First the one that is not canonical: it must not count at all.
            result, reason, _ = device.submit("scan", otp, (scan[0], None, with_order_added(scan[2])))
            assert (result, reason) == ("rejected", "invalid_signature"), f"S + L: {result} {reason}"
            result, reason, prompt = device.submit("scan", otp, scan)
            assert result == "accepted", f"the right one: {result} {reason}"
            again = armor("SIGNATURE", dearmor(scan[2]), "another armor")
            replayed = device.submit("scan", otp, (scan[0], None, again))
            assert not replayed[2], "a replayed scan returned the prompt"
            answer = device.submit("accept", otp, device.signed("accept", otp, prompt))
            assert answer[0] == "accepted", f"the answer: {answer[:2]}"
            return f"S + L is {reason or 'invalid_signature'}, a replay {replayed[1]}"
        finally:
            device.close()


@attack("B10 acme's sealed secret moved into globex' row")
def moved_secret(system):
    with system.superuser() as superuser, system.login("globex") as globex:
        superuser.execute("CREATE TEMP TABLE kept AS SELECT portal_id, signing_secret FROM countersign.portals")
        # The worker opens acme's first, so that a cache has it.
        with system.login("acme") as acme:
            transaction = system.request(acme, "acme")
            acme.execute("SELECT countersign.cancel_request(%s)", [transaction])
            eventually("acme has its webhook", lambda: any(
                str(transaction).encode() in body for _, _, body in system.receiver.received))
        superuser.execute("UPDATE countersign.portals SET signing_secret = (SELECT signing_secret FROM countersign.portals "
                          "WHERE name = 'acme') WHERE name = 'globex'")
        try:
            stolen = base64.b64decode(system.secrets["acme"].removeprefix("whsec_"))
            transaction = system.request(globex)
            globex.execute("SELECT countersign.cancel_request(%s)", [transaction])
            time.sleep(3)  # its first attempt
            for _, headers, body in system.receiver.received:
                given = {name.lower(): value for name, value in headers.items()}
                signed = f"{given['webhook-id']}.{given['webhook-timestamp']}.".encode() + body
                made = "v1," + base64.b64encode(hmac.new(stolen, signed, hashlib.sha256).digest()).decode()
                assert str(transaction).encode() not in body or made not in given["webhook-signature"].split(), \
                    "acme's secret signed globex' webhook"
        finally:
            superuser.execute("UPDATE countersign.portals p SET signing_secret = k.signing_secret FROM kept k "
                              "WHERE k.portal_id = p.portal_id AND p.name = 'globex'")
    return "it opens nowhere else"


@attack("B13 a visitor's browser that imitates the prompt's other lines")
def forged_prompt(system):
    with system.login("mobile") as app, system.login("globex") as portal:
        for hidden in ("\u2028", "\u200b", "\u00ad", "\ufeff", "\U000e0041", "\u2029", "\u202e", "\n"):
            try:
                system.request(portal, user_agent=f"Firefox{hidden}Location: your home")
                raise AssertionError(f"U+{ord(hidden):04X} was taken")
            except psycopg.errors.Error as error:
                assert error.sqlstate == "CS003", error
        for mark in ("\u200e", "\u200f"):
            system.request(portal, message=f"\u05e9\u05dc\u05d5\u05dd{mark}")
        device = Device(system, app)
        try:
            _, otp = code_of(system, portal, user_agent="Firefox, Location: your home", ip_address="203.0.113.7")
            prompt = device.submit("scan", otp, device.signed("scan", otp))[2]
        finally:
            device.close()
    # Cyrillic for Latin, and what looks like a name that there is.
    system.run("portal", "add", "bank", "--role", "attack_spare", "--display-name", "Acme Bank")
    for name in ("\u0410cme Bank", "Acrne Bank"):
        refused = system.run("portal", "add", "evil", "--role", "attack_evil", "--display-name", name, check=False)
        assert refused.returncode == 65, f"a portal may be called {name}"
    lines = prompt.split("\n")
    assert lines[2] == "Location: 203.0.113.7", f"the third line is {lines[2]!r}"
    assert lines[3:] == ["Device: Firefox, Location: your home"], f"then comes {lines[3:]!r}"
    return "each on a line of its own"


@attack("B14 a private key that is sent by mistake, and a secure message that is over")
def private_key(system):
    with system.login("mobile") as app, system.login("globex") as portal, system.superuser() as superuser:
        device = Device(system, app)
        try:
            secret = device.gpg("--armor", "--export-secret-keys")
        finally:
            device.close()
        enrollment = app.execute("INSERT INTO countersign.enrollments (user_id, device_id, public_key) "
                                 "VALUES ('careless', 'd', %s) RETURNING enrollment_id", [secret]).fetchone()[0]
        eventually("it is refused", lambda: app.execute(
            "SELECT status = 'rejected' FROM countersign.enrollment_results WHERE enrollment_id = %s",
            [enrollment]).fetchone()[0])
        words = "the-pin-of-the-vault"
        transaction = system.request(portal, secure_message=words)
        portal.execute("SELECT countersign.cancel_request(%s)", [transaction])
        tables = [row[0] for row in superuser.execute(
            "SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'countersign'::regnamespace AND relkind IN ('r', 'p') "
            "AND NOT relispartition").fetchall()]
        middle = secret.splitlines()[4]
        for table in tables:
            for what, text in (("the key", middle), ("the message", words)):
                found = superuser.execute(f"SELECT EXISTS (SELECT FROM {table} t WHERE position(%s IN t::text) > 0)",
                                          [text]).fetchone()[0]
                assert not found, f"{what} stands in {table}"
    return f"in none of {len(tables)} tables"


@attack("B15 events of another's making")
def forged_events(system):
    for name in ("worker", "ops", "acme", "mobile", "gateway"):
        with system.login(name) as forger:
            for column, value in (("actor", "alice"), ("operator", "console:alice"), ("occurred_at", "2020-01-01")):
                try:
                    forger.execute(f"INSERT INTO countersign.events (type, {column}) VALUES ('portal.paused', %s)", [value])
                    raise AssertionError(f"{name} chose {column}")
                except psycopg.errors.InsufficientPrivilege:
                    pass
    with system.login("ops") as admin:
        admin.execute("UPDATE countersign.settings SET callback_allowlist_enabled = false")
        admin.execute("UPDATE countersign.settings SET callback_allowlist_enabled = true")
        told = admin.execute("SELECT count(*) FROM countersign.events WHERE type = 'settings.changed' "
                             "AND actor = 'attack_ops'").fetchone()[0]
    assert told >= 2, "a change by SQL left no event"
    return "nobody chooses who or when, and changes by SQL are in the trail"


@attack("B a portal that reads, collects and ends what is another's")
def foreign(system):
    with system.login("globex") as globex, system.login("acme") as acme:
        transaction = system.request(globex)
        for call in ("collect_otp(%s)", "await_otp(%s, '1 s')", "cancel_request(%s)"):
            try:
                acme.execute(f"SELECT countersign.{call}", [transaction])
                raise AssertionError(f"acme could {call}")
            except psycopg.errors.Error as error:
                assert error.sqlstate == "CS006", error
        seen = acme.execute("SELECT count(*) FROM countersign.auth_results WHERE transaction_id = %s", [transaction])
        assert seen.fetchone()[0] == 0
        assert globex.execute("SELECT countersign.await_otp(%s, '8 s')", [transaction]).fetchone()[0]
    return "CS006"
