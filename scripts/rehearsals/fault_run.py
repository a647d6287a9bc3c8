"""One fault after the other under load, and the table of what came of it."""
import os
import random
import time

import faults
import history
from check import Skipped
from cluster import Cluster
from installation import Installation
from load import Load
from parts import Parts
from report import conclude, summary, waited

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
            "recovery": waited(load, begin, whole, end), "may": SILENT if name in ("forgotten", "frozen") else LONGEST}


def mixed(site, load, seconds, sign_ins):
    """One or two faults at a time, drawn by chance, for as long as --seconds says, or until there are --sign-ins."""
    names = [name for name in faults.FAULTS if name not in ("disk", "notifications", "expiry")]
    before, begin = len(load.history), time.monotonic()
    with Parts(site, load) as parts:
        while len(load.history) - before < sign_ins if sign_ins else time.monotonic() - begin < seconds:
            for name in random.sample(names, random.choice((1, 1, 2))):
                faults.FAULTS[name][1](site)
            time.sleep(random.uniform(0, 4))
    whole = time.monotonic()
    parts.table()
    time.sleep(10)
    return {"fault": "mixed", "says": "one or two of them at a time, by chance", "lasted": whole - begin,
            "sign-ins": len(load.history) - before, "recovery": waited(load, whole - 5, whole, whole + 9), "may": SILENT}


def table(rows):
    print("| fault | | lasted s | sign-ins | recovery s | verdict |\n|---|---|---|---|---|---|")
    for row in rows:
        if "skipped" in row:
            print(f"| {row['fault']} | {row['says']} | | | | skipped: {row['skipped']} |")
            continue
        good = row["recovery"] <= row["may"]
        print(f"| {row['fault']} | {row['says']} | {row['lasted']:.1f} | {row['sign-ins']} | {row['recovery']:.1f} | "
              f"{'holds' if good else 'slow: at most ' + str(row['may'])} |")


def run(names, seconds, sign_ins, clients):
    """Whether nothing was lost, came twice, is stuck or wrong."""
    cluster = Cluster(os.environ["BINARIES"])
    try:
        with Installation(cluster) as site:
            site.many = 5_000 if seconds < 60 else 500_000
            with Load(site, clients) as load:
                time.sleep(3)
                rows = [mixed(site, load, seconds, sign_ins) if name == "mixed" else inject(site, load, name, seconds)
                        for name in names]
            history.drain(site)
            verdict = history.check(site, load)
            table(rows)
            summary(site, load, verdict)
            return conclude(site, load, verdict)
    finally:
        cluster.remove()
