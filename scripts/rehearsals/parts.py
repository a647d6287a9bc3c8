"""What a long run was like in each of its ten parts: whether it grew slower or larger."""
import statistics
import sys
import threading
import time


class Parts:
    """Looks once a second while its body runs, and says once a minute how far it is. `table` prints what it saw."""

    def __init__(self, site, load):
        self.site, self.load, self.looks = site, load, []
        self.over = threading.Event()

    def __enter__(self):
        self.thread = threading.Thread(target=self._look, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()

    def _look(self):
        while not self.over.wait(1):
            self.looks.append((time.monotonic(), len(self.load.history), self._memory()))
            if len(self.looks) % 60 == 0:
                (begin, first, _), (end, last, size) = self.looks[-60], self.looks[-1]
                print(f"{last} sign-ins, {(last - first) / (end - begin):.0f} a second, largest worker {size // 1024} MiB, "
                      f"errors of clients {len(self.load.errors)}", file=sys.stderr, flush=True)

    def _memory(self):
        """Of the larger worker, resident, in KiB. One that has just been killed has none."""
        sizes = [0]
        for worker in self.site.workers:
            try:
                with open(f"/proc/{worker.process.pid}/status") as status:
                    sizes += [int(line.split()[1]) for line in status if line.startswith("VmRSS")]
            except OSError:
                pass
        return max(sizes)

    def table(self):
        print("| part | sign-ins | a second | a code after ms, median | p99 | largest worker MiB |\n|---|---|---|---|---|---|")
        size = max(1, len(self.looks) // 10)
        for number in range(10):
            looks = self.looks[number * size:(number + 1) * size + 1]
            if len(looks) < 2:
                break
            (begin, first, _), (end, last, _) = looks[0], looks[-1]
            codes = sorted(record.had_code - record.asked for record in self.load.history[first:last] if record.had_code)
            middle = statistics.median(codes) * 1000 if codes else float("nan")
            slow = codes[len(codes) * 99 // 100] * 1000 if codes else float("nan")
            print(f"| {number + 1} | {last - first} | {(last - first) / (end - begin):.0f} | {middle:.0f} | {slow:.0f} | "
                  f"{max(look[2] for look in looks) / 1024:.0f} |")
        print()
