"""What an attack is: a function of the system that raises when the system gives way, listed in the order of the files."""
import contextlib
import threading
import time

attacks = []


class Made:
    """What `_make` makes when its block begins, and `__exit__` removes when that ends, or when making it has failed."""

    def __enter__(self):
        try:
            self._make()
        except BaseException:
            self.__exit__()
            raise
        return self


class Skipped(Exception):
    """What it needs is not here."""


def attack(name):
    def listed(body):
        attacks.append((name, body))
        return body

    return listed


def eventually(what, condition, seconds=20):
    """Waits for it, and returns what it has found."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError(f"after {seconds} s not yet: {what}")


@contextlib.contextmanager
def meanwhile(body, threads=1):
    """Does it again and again, until the block ends. What it is refused is its own affair."""
    over = threading.Event()

    def work():
        while not over.is_set():
            try:
                body()
            except Exception:
                over.wait(0.05)

    workers = [threading.Thread(target=work, daemon=True) for _ in range(threads)]
    for worker in workers:
        worker.start()
    try:
        yield
    finally:
        over.set()
        for worker in workers:
            worker.join(15)
