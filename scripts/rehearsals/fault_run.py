"""One fault after the other under load, and the table of what came of it."""
import contextlib
import os
import random
import sys
import time
from collections import Counter

import faults
import history
from check import Skipped
from cluster import Cluster
from installation import Installation
from load import Load
from parts import Parts
from report import conclude, note, summary, waited

CLIENTS = 6
# How long anybody may wait after all is whole again, in seconds: at a load of 15 to 30, and with silent connections.
LONGEST, SILENT = 3, 15


def inject(site, load, name, seconds):
    before, begin = len(load.history), time.monotonic()
    says, body = faults.FAULTS[name]
    try:
        body(site)
    except Skipped as reason:
        return {"fault": name, "says": says, "skipped": str(reason)}
    whole = time.monotonic()
    time.sleep(seconds)
    end = time.monotonic()
    # Those who asked last have a little time.
    time.sleep(1)
    return {"fault": name, "says": says, "lasted": whole - begin, "sign-ins": len(load.history) - before,
            "time": {"since": begin, "until": end}, "recovery": waited(load, begin, whole, end), "may": SILENT if name in ("forgotten", "frozen") else LONGEST}


def mixed(site, load, seconds, sign_ins, pause):
    """One or two faults after each other, drawn by chance, for as long as --seconds says, or until there are --sign-ins.
    Ctrl-C ends it before, and what there is is judged."""
    names = [name for name in faults.FAULTS if name not in ("disk", "notifications", "expiry")]
    counts, before, begin = Counter(), len(load.history), time.monotonic()
    with Parts(site, load) as parts, contextlib.suppress(KeyboardInterrupt):
        while len(load.history) - before < sign_ins if sign_ins else time.monotonic() - begin < seconds:
            for name in random.sample(names, random.choice((1, 1, 2))):
                counts[name if is_injected(site, name) else f"{name} (not done)"] += 1
            time.sleep(random.uniform(0, pause))
    whole = time.monotonic()
    parts.table()
    print(", ".join(f"{name} {count}" for name, count in sorted(counts.items())) + "\n")
    time.sleep(10)
    return {"fault": "mixed", "says": f"{counts.total()} of them by chance", "lasted": whole - begin,
            "sign-ins": len(load.history) - before, "time": {}, "recovery": waited(load, whole - 5, whole, whole + 9), "may": SILENT}


def is_injected(site, name):
    """False where the rehearsal's own fault could not be done, as when it met another one; then all is made whole."""
    try:
        faults.FAULTS[name][1](site)
        return True
    except Skipped:
        return False
    except Exception as error:
        print(f"{name}: {type(error).__name__}: {error}"[:300], file=sys.stderr, flush=True)
        site.make_whole()
        return False


def table(rows, verdict, clients):
    print("| fault | | lasted s | sign-ins | lost | twice | recovery s | verdict |\n|---|---|---|---|---|---|---|---|")
    for row in rows:
        if "skipped" in row:
            print(f"| {row['fault']} | {row['says']} | | | | | | skipped: {row['skipped']} |")
            continue
        lost, twice = verdict.count("lost", "stuck", "wrong", **row["time"]), verdict.count("twice", **row["time"])
        holds = "holds" if row["recovery"] <= row["may"] else f"slow: at most {row['may']}"
        holds = "fails" if lost or twice else holds
        recovery = f"{row['recovery']:.1f}"
        print(f"| {row['fault']} | {row['says']} | {row['lasted']:.1f} | {row['sign-ins']} | {lost} | {twice} | {recovery} | {holds} |")
        note(row["says"], f"{clients} clients sign in", row["sign-ins"], lost, twice, recovery, holds)


def run(names, seconds, sign_ins, clients, pause):
    """Whether nothing was lost, came twice, is stuck or wrong."""
    cluster = Cluster(os.environ["BINARIES"], may_be_small="disk" in names)
    try:
        with Installation(cluster) as site:
            site.many = 5_000 if seconds < 60 else 500_000
            with Load(site, clients) as load:
                time.sleep(3)
                rows = [mixed(site, load, seconds, sign_ins, pause) if name == "mixed" else inject(site, load, name, seconds)
                        for name in names]
            history.drain(site)
            verdict = history.check(site, load)
            table(rows, verdict, clients)
            summary(site, load, verdict)
            return conclude(site, load, verdict)
    finally:
        cluster.remove()
