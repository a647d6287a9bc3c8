"""A: one who shares the database stops all."""
import os
import secrets
import socket
import subprocess
import threading
import time

import psycopg

from check import Skipped, attack, eventually, meanwhile
from packets import armor, costly_key
from system import http


@attack("A1 a key whose signatures would cost seconds")
def costly(system):
    with system.login("mobile") as app:
        enrollment = app.execute(
            "INSERT INTO countersign.enrollments (user_id, device_id, public_key) VALUES ('mallory', 'd', %s) "
            "RETURNING enrollment_id", [costly_key()]).fetchone()[0]
        told = eventually("the key is refused", lambda: app.execute(
            "SELECT reason FROM countersign.enrollment_results WHERE enrollment_id = %s AND status = 'rejected'",
            [enrollment]).fetchone(), 5)
    return f"refused ({told[0]}); {system.code_in()}"


@attack("A2 thousands of requests that fall due together")
def mass_expiry(system):
    count = 20_000 if system.quick else 90_000
    with system.login("acme") as portal:
        portal.execute(
            "INSERT INTO countersign.auth_requests (auth_type, callback_uri) "
            "SELECT 'qr-code', %s FROM generate_series(1, %s)", [system.callback("acme"), count])
    with system.owner() as owner:
        owner.execute("UPDATE countersign.settings SET mobile_authentication_enabled = false")
        began = time.monotonic()
        eventually("all have ended", lambda: not owner.execute(
            "SELECT EXISTS (SELECT FROM countersign.auth_requests WHERE status IN ('requested', 'issued', 'scanned'))"
        ).fetchone()[0], 60 if system.quick else 300)
        owner.execute("UPDATE countersign.settings SET mobile_authentication_enabled = true")
    return f"{count} ended in {time.monotonic() - began:.0f} s; {system.code_in()}"


@attack("A4 sixteen receivers whose name server is silent")
def silent_names(system):
    own = ["unshare", "-m", "mount", "--bind", "/etc/hosts", "/etc/hosts"]
    if os.geteuid() != 0 or subprocess.run(own, capture_output=True, check=False).returncode:
        raise Skipped("a name server of its own needs root, and mounts")
    silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    silent.bind(("127.0.0.153", 53))
    names, hosts = system.folder / "resolv.conf", system.folder / "hosts"
    names.write_text(f"nameserver {silent.getsockname()[0]}\n")
    hosts.write_text("127.0.0.1 localhost globex.example\n")
    # The worker starts anew where only that name server is asked; globex' own name needs none.
    system.run("stage", "pause", "dispatch")
    system.run("callback", "add", "globex", f"http://globex.example:{system.receiver.port}/cb")
    with system.owner() as owner, system.login("acme") as acme, system.login("globex") as globex:
        for number in range(16):
            system.run("callback", "add", "acme", f"http://silent{number}.example:{system.receiver.port}/cb")
        for number in range(64):
            transaction = system.request(acme, "acme", callback_uri=f"http://silent{number % 16}.example:"
                                                                    f"{system.receiver.port}/cb")
            acme.execute("SELECT countersign.cancel_request(%s)", [transaction])
        worker = system.processes[0]
        worker.terminate()
        worker.wait(20)
        system.processes[0] = system.start(
            "work", "--allow-http", "127.0.0.0/8", "--allow-ports", str(system.receiver.port), login="worker",
            prefix=["unshare", "-m", "sh", "-c",
                    f'mount --bind {names} /etc/resolv.conf && mount --bind {hosts} /etc/hosts && exec "$@"', "sh"])
        system.processes.pop()
        eventually("the worker works", lambda: owner.execute(
            "SELECT count(*) = 1 FROM countersign.workers WHERE heartbeat_at > clock_timestamp() - interval '5 s' "
            "AND NOT draining").fetchone()[0])
        system.run("stage", "resume", "dispatch")
        time.sleep(3)  # until the look-ups hang
        transaction = system.request(globex, callback_uri=f"http://globex.example:{system.receiver.port}/cb")
        globex.execute("SELECT countersign.cancel_request(%s)", [transaction])
        began = time.monotonic()
        eventually("globex has its webhook", lambda: any(
            str(transaction).encode() in body for _, _, body in system.receiver.received), 10)
    silent.close()
    return f"globex had its webhook after {time.monotonic() - began:.1f} s"


@attack("A5 a portal that locks its rows by SQL and cancels them over HTTP")
def locked_rows(system):
    with psycopg.connect(system.url("acme")) as locking:
        transactions = [system.request(locking, "acme") for _ in range(24)]
        locking.commit()
        for transaction in transactions:
            locking.execute("SELECT countersign.cancel_request(%s)", [transaction])

        def cancel(transaction):
            try:
                http(f"{system.gateway}/oauth/api/v4/authenticate/transaction/{transaction}", None,
                     system.basic("acme"), method="DELETE")
            except OSError:
                pass

        threads = [threading.Thread(target=cancel, args=[transaction]) for transaction in transactions]
        for thread in threads:
            thread.start()
        time.sleep(0.5)
        detail = [system.started_over_http(3) for _ in range(3)][-1]
        locking.rollback()
        for thread in threads:
            thread.join()
    return detail


@attack("A6 advisory locks without end")
def advisory_locks(system):
    with system.login("acme") as acme:
        try:
            acme.execute("SELECT count(pg_advisory_lock(n)) FROM generate_series(1, 100000) n")
            taken = "taken"
        except psycopg.errors.Error as error:
            taken = error.diag.message_primary
        detail = system.code_in()
        system.run("migrate", "up", timeout=20)
    return f"{taken}; {detail}; migrate up is not held up"


@attack("A6 two logins that take all connections")
def connections(system):
    held = []
    try:
        for name in ("acme", "mobile"):
            for _ in range(200):
                try:
                    held.append(system.login(name))
                except psycopg.OperationalError:
                    break
        system.run("status", login="ops", timeout=20)
        return f"{len(held)} taken; status answers; {system.code_in()}"
    finally:
        for connection in held:
            connection.close()


@attack("A6 a full notification queue behind an idle listener")
def notifications(system):
    size = 1_000 if system.quick else 50_000
    with psycopg.connect(system.url("acme"), autocommit=True) as idle, system.login("mobile") as loud:
        refused = ""
        try:
            idle.execute("LISTEN anything")
            idle.execute("BEGIN")
            idle.execute("SELECT 1")
            # The function can be taken from them; the statement cannot.
            for number in range(20):
                loud.execute(f"DO $$ BEGIN FOR n IN 1..{size} LOOP EXECUTE format('NOTIFY anything, %L', "
                             f"{number} || '-' || n || repeat('x', 7900)); END LOOP; END $$")
        except psycopg.errors.Error as error:
            refused = f", then {error.diag.message_primary}"
        with system.superuser() as superuser:  # the portals may no longer ask
            full = superuser.execute("SELECT 100 * pg_notification_queue_usage()").fetchone()[0]
        return f"{full:.2f} % full{refused}; {system.code_in()}"


@attack("A6 a login that lifts its own limits, sorts on disk and stores large objects")
def own_limits(system):
    with system.login("acme") as acme:
        refused = []
        for statement in ("SET temp_file_limit = -1", "SELECT lo_creat(-1)", "SELECT lo_from_bytea(0, 'x')",
                          "CREATE TEMP TABLE t AS SELECT 1", "CREATE TABLE t AS SELECT 1"):
            try:
                acme.execute(statement)
            except psycopg.errors.Error:
                refused.append(statement)
    assert len(refused) == 5, f"only these were refused: {refused}"
    return "all refused"


@attack("A6 DDL that locks tables before anybody looks whose they are")
def ddl(system):
    taken = []
    with psycopg.connect(system.url("acme")) as open_one, system.login("acme") as acme:
        system.request(open_one, "acme")  # behind its lock DDL would wait, and everybody behind that
        for statement in ("CREATE RULE r AS ON INSERT TO countersign.auth_requests DO INSTEAD NOTHING",
                          "CREATE TRIGGER t BEFORE INSERT ON countersign.auth_requests EXECUTE FUNCTION "
                          "suppress_redundant_updates_trigger()",
                          "DROP TRIGGER check_auth_request ON countersign.auth_requests",
                          "DROP POLICY p ON countersign.auth_requests", "DROP RULE r ON countersign.settings",
                          "ALTER TABLE countersign.auth_requests ADD x integer",
                          "COMMENT ON TABLE countersign.auth_requests IS 'mine'"):
            try:
                acme.execute("SET statement_timeout = '2s'")
                acme.execute(statement)
                taken.append(statement)
            except psycopg.errors.InsufficientPrivilege:
                pass
            except psycopg.errors.QueryCanceled:
                taken.append(f"{statement} (waited)")
        detail = system.code_in()
        open_one.rollback()
    assert not taken, f"begun: {taken}"
    return f"all refused; {detail}"


@attack("A6 thousands of rows within hundreds of savepoints of an open transaction")
def savepoints(system):
    refused = 0
    with psycopg.connect(system.url("acme")) as deep:
        for number in range(300):
            deep.execute(f"SAVEPOINT s{number}")
            deep.execute("SAVEPOINT one")
            try:
                deep.execute("INSERT INTO countersign.auth_requests (auth_type, callback_uri) SELECT 'qr-code', %s "
                             "FROM generate_series(1, 100)", [system.callback("acme")])
                deep.execute("RELEASE one")
            except psycopg.errors.Error as error:
                assert error.sqlstate == "CS008", error
                deep.execute("ROLLBACK TO one")
                refused += 1
        details = [system.code_in(2) for _ in range(3)]
        deep.rollback()
    assert refused, "all were taken"
    return f"{refused} of 300 refused; {details[-1]}"


@attack("A1 a flood of submissions of one device")
def submissions(system):
    with system.login("mobile") as app, system.login("mobile") as flooding, system.login("other") as other:
        def flood():
            flooding.execute("INSERT INTO countersign.submissions (enrollment_id, otp, action, signed_at, signature) "
                             "SELECT '00000000-0000-7000-8000-000000000001', %s, 'scan', '2026-01-01T00:00:00Z', %s "
                             "FROM generate_series(1, 1000)", ["A" * 64, armor("SIGNATURE", bytes(4_000))])

        waited = 0
        with meanwhile(flood):
            for _ in range(5):
                began = time.monotonic()
                submission = other.execute(
                    "INSERT INTO countersign.submissions (enrollment_id, otp, action) VALUES "
                    "('00000000-0000-7000-8000-000000000002', %s, 'scan') RETURNING submission_id", ["B" * 64]).fetchone()[0]
                result = other.execute("SELECT result FROM countersign.await_submission(%s, '8 s')",
                                       [submission]).fetchone()[0]
                assert result == "rejected", f"the other app's is {result} after {time.monotonic() - began:.1f} s"
                waited = max(waited, time.monotonic() - began)
        beyond = app.execute("SELECT count(*) FROM countersign.submission_results "
                             "WHERE reason = 'too_many_waiting'").fetchone()[0]
    assert beyond > 500, f"only {beyond} were refused"
    assert waited < 3, f"another app's submission took {waited:.1f} s"
    return f"{beyond} refused; another app's answered within {waited * 1000:.0f} ms"


@attack("A7 EXPLAIN about another's reference")
def explain(system):
    secret = f"session-{secrets.token_hex(8)}"
    with system.login("globex") as globex:
        for _ in range(50):
            system.request(globex, reference=secret)
        with system.owner() as owner:
            owner.execute("ANALYZE countersign.auth_requests")
        with system.login("acme") as acme:
            rows = ["\n".join(row[0] for row in acme.execute(
                "EXPLAIN SELECT 1 FROM countersign.auth_requests WHERE reference = '" + word + "'").fetchall())
                    for word in (secret, "unknown-to-all")]
        globex.execute("SELECT countersign.cancel_request(transaction_id) FROM countersign.auth_results "
                       "WHERE reference = %s AND resolved_at IS NULL", [secret])
    assert rows[0].replace(secret, "unknown-to-all") == rows[1], "the estimates differ"
    return "the same for both"


@attack("A7 one INSERT far over the limit")
def over_the_limit(system):
    system.run("portal", "limit", "acme", "1000")
    try:
        with system.login("acme") as acme:
            acme.execute(
                "INSERT INTO countersign.auth_requests (auth_type, callback_uri) "
                "SELECT 'qr-code', %s FROM generate_series(1, 20000)", [system.callback("acme")])
        raise AssertionError("20,000 were taken at a limit of 1,000")
    except psycopg.errors.Error as error:
        assert error.sqlstate.startswith("CS"), error
        return error.diag.message_primary
    finally:
        system.run("portal", "limit", "acme", "100000")


@attack("A7 hundreds of devices of one user")
def devices(system):
    with system.login("mobile") as app:
        system.run("settings", "set", "signature_required=false")
        try:
            taken = 0
            for number in range(40):
                try:
                    app.execute("INSERT INTO countersign.enrollments (user_id, device_id) VALUES ('many', %s)",
                                [f"d{number}"])
                    taken += 1
                except psycopg.errors.Error:
                    break
        finally:
            system.run("settings", "set", "signature_required=true")
    assert taken <= 20, f"{taken} devices were taken"
    return f"{taken} were taken"
