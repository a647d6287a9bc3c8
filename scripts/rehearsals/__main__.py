"""Rehearses faults under load, and prints a table. See scripts/rehearse."""
import os
import pathlib
import random
import signal
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "attacks"))

import faults  # noqa: E402
import history  # noqa: E402
from check import Skipped  # noqa: E402
from cluster import Cluster  # noqa: E402
from installation import Installation  # noqa: E402
from load import Load  # noqa: E402

options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
seconds = float(options.get("--seconds", 8))
wanted = options["--only"].split(",") if "--only" in options else list(faults.FAULTS)
unknown = [name for name in wanted if name not in faults.FAULTS and name != "mixed"]
if unknown:
    sys.exit(f"scripts/rehearse: {unknown[0]} is no fault; there are {', '.join(faults.FAULTS)} and mixed")
CLIENTS = 6
# How long anybody may wait after all is whole again, in seconds: at a load of 15 to 30, and with silent connections.
LONGEST, SILENT = 3, 15


def waited(load, begin, whole, end):
    """The longest that somebody waited for a code after all was whole again, who asked before or soon after."""
    times = [(record.had_code or time.monotonic()) - max(record.asked, whole) for record in list(load.history)
             if record.asked and record.id and begin - 1 <= record.asked <= end
             and (record.had_code or not any(what.startswith("has no code") for _, what in record.told))]
    return max([0, *times])


def inject(site, load, name):
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


def mixed(site, load):
    """One or two faults at a time, drawn by chance, for as long as --seconds says."""
    names = [name for name in faults.FAULTS if name not in ("disk", "notifications", "expiry")]
    before, begin = len(load.history), time.monotonic()
    while time.monotonic() - begin < seconds:
        for name in random.sample(names, random.choice((1, 1, 2))):
            faults.FAULTS[name][1](site)
        time.sleep(random.uniform(0, 4))
    whole = time.monotonic()
    time.sleep(10)
    return {"fault": "mixed", "says": "one or two of them at a time, by chance", "lasted": whole - begin,
            "sign-ins": len(load.history) - before, "recovery": waited(load, whole - 5, whole, whole + 9), "may": SILENT}


def table(rows, load, verdict, site):
    print("| fault | | lasted s | sign-ins | recovery s | verdict |\n|---|---|---|---|---|---|")
    for row in rows:
        if "skipped" in row:
            print(f"| {row['fault']} | {row['says']} | | | | skipped: {row['skipped']} |")
            continue
        good = row["recovery"] <= row["may"]
        print(f"| {row['fault']} | {row['says']} | {row['lasted']:.1f} | {row['sign-ins']} | {row['recovery']:.1f} | "
              f"{'holds' if good else 'slow: at most ' + str(row['may'])} |")
    done = [record for record in load.history if record.id]
    codes = sorted(record.had_code - record.asked for record in done if record.had_code)
    print(f"\n{len(done)} sign-ins of which the portal knew, {len(site.receiver.received)} webhooks; "
          f"a code after {statistics.median(codes) * 1000:.0f} ms (median). "
          f"Lost {len(verdict.lost)}, twice {len(verdict.twice)}, stuck {len(verdict.stuck)}, "
          f"otherwise wrong {len(verdict.wrong)}, errors of clients {len(load.errors)}.")


def main():
    began = time.monotonic()
    cluster = Cluster(os.environ["BINARIES"])
    try:
        with Installation(cluster) as site:
            site.many = 5_000 if seconds < 60 else 500_000
            with Load(site, CLIENTS) as load:
                time.sleep(3)
                rows = [mixed(site, load) if name == "mixed" else inject(site, load, name) for name in wanted]
            history.drain(site)
            verdict = history.check(site, load)
            table(rows, load, verdict, site)
            for kind, sentence in verdict.faults()[:30]:
                print(f"{kind}: {sentence}")
            for error in load.errors[:10]:
                print(f"error: {error}")
            failed = bool(verdict.faults() or load.errors)
            if failed:
                print(site.log_tails(), file=sys.stderr)
    finally:
        cluster.remove()
    print(f"{time.monotonic() - began:.0f} s, load average {os.getloadavg()[0]:.0f}")
    sys.exit(1 if failed else 0)


signal.signal(signal.SIGTERM, lambda *_: sys.exit("scripts/rehearse: ended from outside"))
main()
