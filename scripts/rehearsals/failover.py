"""The primary's machine is lost, again and again, under load."""
import os
import time

import history
from check import eventually
from installation import Installation
from load import Load
from patroni import TTL, PatroniCluster
from report import conclude, note, summary, waited

CLIENTS = 6


def kill(site, load):
    """How long nobody got a code, and how long until there were three servers again."""
    cluster = site.cluster
    began = time.monotonic()
    before = len(load.history)
    node = cluster.kill_primary()
    eventually("there is another primary", lambda: cluster.primary() not in (None, node), 90)
    promoted = time.monotonic()
    eventually("somebody gets a code again",
               lambda: any(record.asked > promoted - 30 and (record.had_code or 0) > promoted for record in load.history), 60)
    served = min(record.had_code for record in list(load.history) if (record.had_code or 0) > promoted)
    cluster.start(node)
    eventually("the lost one follows", cluster.is_whole, 300)
    whole = time.monotonic()
    time.sleep(3)
    return {"promoted": promoted - began, "served": served - began, "rejoined": whole - began,
            "after": waited(load, began, promoted, promoted + 5), "sign-ins": len(load.history) - before,
            "time": {"since": began, "until": time.monotonic()}}


def rehearse(is_synchronous, kills):
    cluster = PatroniCluster(os.environ["BINARIES"], is_synchronous)
    try:
        with Installation(cluster) as site:
            with Load(site, CLIENTS) as load:
                time.sleep(5)
                rows = [kill(site, load) for _ in range(kills)]
            with site.superuser() as superuser:
                number, = superuser.execute("SELECT number FROM countersign.epoch").fetchone()
            if number:
                # What an operator does after history has gone back.
                print(site.run("restored").strip())
            history.drain(site)
            verdict = history.check(site, load)
            kind = "synchronous" if is_synchronous else "asynchronous"
            print(f"\n{kind}: {len(rows)} primaries lost with their machines, ttl {TTL} s, epochs {number}\n")
            print("| another primary after s | a code after s | longest wait after the promotion s | three servers again after s "
                  "| sign-ins |\n|---|---|---|---|---|")
            for row in rows:
                print(f"| {row['promoted']:.1f} | {row['served']:.1f} | {row['after']:.1f} | {row['rejoined']:.1f} | {row['sign-ins']} |")
                note(f"{kind} primary lost with its machine", f"{CLIENTS} clients sign in", row["sign-ins"],
                     verdict.count("lost", "stuck", "wrong", **row["time"]), verdict.count("twice", **row["time"]),
                     f"{row['served']:.1f}", "measured" if not is_synchronous else "fails" if verdict.faults else "holds")
            summary(site, load, verdict)
            # What an asynchronous standby has not got is gone: that is measured, and no fault of ours.
            return conclude(site, load, verdict) or not is_synchronous
    finally:
        cluster.remove()


def run(kills):
    is_good = rehearse(True, kills)
    return rehearse(False, kills) and is_good
