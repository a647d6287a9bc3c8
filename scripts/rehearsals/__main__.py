"""Rehearses faults and failovers under load, and prints tables. See scripts/rehearse."""
import os
import pathlib
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "attacks"))

import failover  # noqa: E402
import fault_run  # noqa: E402
import faults  # noqa: E402

what, options = sys.argv[1], dict(zip(sys.argv[2::2], sys.argv[3::2]))


def chosen():
    if "--only" not in options:
        return list(faults.FAULTS)
    names = options["--only"].split(",")
    for name in names:
        if name not in faults.FAULTS and name != "mixed":
            sys.exit(f"scripts/rehearse: {name} is no fault; there are {', '.join(faults.FAULTS)} and mixed")
    return names


# A shell that starts it in the background has it ignore this one.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGTERM, lambda *_: sys.exit("scripts/rehearse: ended from outside"))
began = time.monotonic()
if what == "faults":
    is_good = fault_run.run(chosen(), float(options.get("--seconds", 8)), int(options.get("--sign-ins", 0)),
                            int(options.get("--clients", fault_run.CLIENTS)), float(options.get("--pause", 4)))
else:
    is_good = failover.run(int(options.get("--kills", 2)))
print(f"{time.monotonic() - began:.0f} s, load average {os.getloadavg()[0]:.0f}")
sys.exit(0 if is_good else 1)
