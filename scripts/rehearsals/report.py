"""What is printed of every rehearsal."""
import math
import os
import statistics
import sys


def waited(load, begin, whole, end):
    """The longest that somebody waited for a code after all was whole again, who asked before or soon after."""
    had = [(record.asked, record.had_code or math.inf) for record in list(load.history)
           if record.id and (record.had_code or record.gave_up)]
    return max([0, *(code - max(asked, whole) for asked, code in had + load.waiting() if begin - 1 <= asked <= end)])


def note(fault, load, done, lost, twice, recovery, verdict):
    """A line of the one table of `scripts/rehearse all`, where that is asked for. The recovery is in seconds."""
    if file := os.environ.get("REHEARSAL_TABLE"):
        with open(file, "a") as table:
            table.write(f"| {fault} | {load} | {done} | {lost} | {twice} | {recovery} | {verdict} |\n")


def summary(site, load, verdict):
    done = [record for record in load.history if record.id]
    codes = [record.had_code - record.asked for record in done if record.had_code]
    signed = sum(any(words.startswith("scan accepted") for words in record.told) for record in done)
    print(f"\n{len(done)} sign-ins of which the portal knew, {signed} of them scanned with a signature, "
          f"{verdict.webhooks} webhooks; "
          f"a code after {statistics.median(codes) * 1000:.0f} ms (median). "
          f"Lost {verdict.count('lost')}, twice {verdict.count('twice')}, stuck {verdict.count('stuck')}, "
          f"otherwise wrong {verdict.count('wrong')}, errors of clients {len(load.errors)}.")


def conclude(site, load, verdict):
    """Prints what was wrong, and returns whether nothing was."""
    for kind, sentence, _ in verdict.faults[:30]:
        print(f"{kind}: {sentence}")
    for error in load.errors[:10]:
        print(f"error: {error}")
    failed = bool(verdict.faults or load.errors)
    if failed:
        print(site.log_tails(), file=sys.stderr)
    return not failed
