"""What is printed of every rehearsal."""
import statistics
import sys
import time


def waited(load, begin, whole, end):
    """The longest that somebody waited for a code after all was whole again, who asked before or soon after."""
    times = [(record.had_code or time.monotonic()) - max(record.asked, whole) for record in list(load.history)
             if record.asked and record.id and begin - 1 <= record.asked <= end
             and (record.had_code or not any(what.startswith("has no code") for what in record.told))]
    return max([0, *times])


def summary(site, load, verdict):
    done = [record for record in load.history if record.id]
    codes = sorted(record.had_code - record.asked for record in done if record.had_code)
    print(f"\n{len(done)} sign-ins of which the portal knew, {len(site.receiver.received)} webhooks; "
          f"a code after {statistics.median(codes) * 1000:.0f} ms (median). "
          f"Lost {len(verdict.lost)}, twice {len(verdict.twice)}, stuck {len(verdict.stuck)}, "
          f"otherwise wrong {len(verdict.wrong)}, errors of clients {len(load.errors)}.")


def conclude(site, load, verdict):
    """Prints what was wrong, and returns whether nothing was."""
    for kind, sentence in verdict.faults()[:30]:
        print(f"{kind}: {sentence}")
    for error in load.errors[:10]:
        print(f"error: {error}")
    failed = bool(verdict.faults() or load.errors)
    if failed:
        print(site.log_tails(), file=sys.stderr)
    return not failed
