"""Runs the attacks, one after the other, and prints a line for each. See scripts/attack."""
import signal
import sys
import time

import lies
import neighbours
import web
from check import Skipped, attacks
from system import System

quick = "--quick" in sys.argv
word = sys.argv[sys.argv.index("--only") + 1] if "--only" in sys.argv else ""


def give_up(*_):
    raise SystemExit("scripts/attack: no end in sight, so it ends here")


def run(system, name, body):
    began = time.monotonic()
    try:
        verdict, detail = "holds", body(system) or ""
    except Skipped as reason:
        verdict, detail = "skipped", reason
    except Exception as error:
        verdict, detail = "fails", f"{type(error).__name__}: {error}" if not isinstance(error, AssertionError) else error
    detail = " ".join(str(detail).split())[:300]
    print(f"{verdict:8}{name}{': ' if detail else ''}{detail} ({time.monotonic() - began:.1f} s)", flush=True)
    return verdict


signal.signal(signal.SIGALRM, give_up)
signal.signal(signal.SIGTERM, give_up)
signal.alarm(170 if quick else 900)
with System(quick) as system:
    chosen = [(name, body) for name, body in attacks if word.lower() in name.lower()]
    verdicts = [run(system, name, body) for name, body in chosen]
print(f"{verdicts.count('holds')} hold, {verdicts.count('fails')} fail, {verdicts.count('skipped')} skipped")
sys.exit(1 if "fails" in verdicts or not verdicts else 0)
