"""The faults. Each breaks something and returns when all is whole again, so that the time from then on is the system's."""
import contextlib
import glob
import signal
import subprocess
import threading
import time

import psycopg
from check import Skipped, eventually
from system import PROGRAM

FAULTS = {}


def fault(name, says):
    def listed(body):
        FAULTS[name] = (says, body)
        return body

    return listed


@fault("kill", "SIGKILL of one of two workers")
def kill(site):
    site.end_worker(site.workers[0])
    site.start_worker(site.workers[0])


@fault("kill-all", "SIGKILL of all workers")
def kill_all(site):
    for worker in site.workers:
        site.end_worker(worker)
    for worker in site.workers:
        site.start_worker(worker)


@fault("stop", "SIGSTOP of the worker that keeps house, 6 s")
def stop(site):
    worker = site.housekeeper()
    worker.process.send_signal(signal.SIGSTOP)
    threading.Timer(6, worker.process.send_signal, [signal.SIGCONT]).start()


@fault("terminate", "every session is terminated")
def terminate(site):
    with site.superuser() as superuser:
        superuser.execute("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                          "WHERE datname = current_database() AND pid <> pg_backend_pid()")


@fault("restart", "the server is restarted at once (immediate)")
def restart(site):
    site.cluster.stop("immediate")
    site.cluster.start()


@fault("frozen", "the network of all workers swallows everything for 6 s")
def frozen(site):
    for worker in site.workers:
        worker.proxy.freeze()
    time.sleep(6)
    for worker in site.workers:
        worker.proxy.melt()


@fault("forgotten", "the connections of all workers fall silent for ever")
def forgotten(site):
    for worker in site.workers:
        worker.proxy.forget()


@fault("clock", "a worker whose clock is ten minutes off, 6 s")
def clock(site):
    library = next(iter(glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")), None)
    if library is None:
        raise Skipped("libfaketime is not installed")
    worker = site.workers[1]
    site.end_worker(worker, signal.SIGTERM)
    site.start_worker(worker, LD_PRELOAD=library, FAKETIME="-10m", FAKETIME_DONT_FAKE_MONOTONIC="1")
    time.sleep(6)
    site.end_worker(worker)
    site.start_worker(worker)


@fault("snapshot", "a snapshot is held for 6 s, and vacuum removes nothing")
def snapshot(site):
    with psycopg.connect(site.at(site.superuser_url)) as holder:
        holder.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        holder.execute("SELECT count(*) FROM countersign.auth_requests")
        time.sleep(6)


@fault("connections", "no connection is left for 4 s")
def connections(site):
    held = []
    with contextlib.suppress(psycopg.Error):
        while len(held) < 200:
            held.append(psycopg.connect(site.at(site.superuser_url), connect_timeout=3))
    with contextlib.suppress(psycopg.Error):
        held[0].execute("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename LIKE 'attack_worker'")
        while len(held) < 200:
            held.append(psycopg.connect(site.at(site.superuser_url), connect_timeout=3))
    time.sleep(4)
    for connection in held:
        connection.close()


@fault("receiver", "the receiver answers 500 for 5 s, then after 3 s each")
def receiver(site):
    site.receiver.answers(500)
    time.sleep(5)
    site.receiver.answers(204, 3)
    time.sleep(3)
    site.receiver.answers(204)


@fault("expiry", "many requests fall due together")
def expiry(site):
    with site.superuser() as superuser:
        superuser.execute("SET session_replication_role = replica")
        superuser.execute(
            "INSERT INTO countersign.auth_requests (transaction_id, requested_at, expires_at, open_until, portal_id, status, "
            "auth_type, method, callback_uri, message) SELECT countersign.uuid_v7(), now(), now(), now(), portal_id, 'issued', "
            "'qr-code', 'otp', %s, 'Sign in' FROM countersign.portals, generate_series(1, %s) WHERE name = 'globex'",
            [site.callback("globex"), site.many])


@fault("partitions", "tomorrow's partitions are missing")
def partitions(site):
    with site.superuser() as superuser:
        names = superuser.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'countersign'::regnamespace AND relkind = 'r' "
            "AND relname ~ '_[0-9]{8}$' AND right(relname, 8) > to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD')").fetchall()
        # Another fault may hold a snapshot for seconds: whoever waits for it in one go has everybody wait.
        superuser.execute("SET lock_timeout = '500ms'")
        for (name,) in names:
            eventually(f"{name} is dropped", lambda: dropped(superuser, name), 60)


def dropped(superuser, name):
    """False while somebody holds what it needs. What has dropped it meanwhile is welcome."""
    with contextlib.suppress(psycopg.errors.LockNotAvailable):
        superuser.execute(f"DROP TABLE IF EXISTS countersign.{name}")
        return True
    return False


@fault("migrate", "migrate up by eight at once")
def migrate(site):
    runs = [subprocess.Popen([PROGRAM, "migrate", "up"], env=site.environment(None), stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE, text=True) for _ in range(8)]
    errors = [run.communicate(timeout=60)[1] for run in runs if run.wait(60)]
    assert not errors, errors[0][:200]


@fault("notifications", "the notification queue is full")
def notifications(site):
    if site.cluster.version < 17:
        raise Skipped("the queue of PostgreSQL 15 and 16 has 8 GiB: run it on 17 or later")
    with psycopg.connect(site.at(site.superuser_url), autocommit=True) as listener, site.superuser() as sender:
        listener.execute("LISTEN rehearsal")
        listener.execute("BEGIN")
        listener.execute("SELECT 1")
        with contextlib.suppress(psycopg.Error):
            for number in range(1000):
                sender.execute("SELECT pg_notify('rehearsal', %s)", [f"{number}" + "x" * 7000])
        time.sleep(3)


@fault("disk", "the disk is full for 4 s")
def disk(site):
    if not site.cluster.is_small:
        raise Skipped("no file system can be mounted here")
    filler = site.cluster.folder / "filler"
    with open(filler, "wb") as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(1 << 20))
    time.sleep(4)
    filler.unlink()
    for _ in range(100):
        with contextlib.suppress(psycopg.Error):
            psycopg.connect(site.at(site.superuser_url), connect_timeout=2).close()
            return
        if site.cluster.run("pg_ctl", "-D", str(site.cluster.data), "status", check=False).returncode:
            site.cluster.start()
        time.sleep(0.1)
