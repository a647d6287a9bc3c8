"""Whole sign-ins, by processes of clients, and all that these were told."""
import dataclasses
import json
import pathlib
import subprocess
import sys
import threading
import uuid

# Python runs one thread at a time: with more clients in a process they would wait for each other.
CLIENTS_OF_A_PROCESS = 6


@dataclasses.dataclass(slots=True)
class SignIn:
    """One, as its clients saw it. `told` has what they were told, in order."""

    kind: str
    user: str
    id: uuid.UUID
    asked: float
    had_code: float
    told: tuple

    @property
    def gave_up(self):
        return any(words.startswith("gave up") for words in self.told)


class Load:
    """`clients` sign in while its body runs. Afterwards `history` has all, and `errors` what no client should be told."""

    def __init__(self, installation, clients):
        self.installation, self.clients = installation, clients
        self.history, self.errors = [], []
        self.processes, self.readers, self.open = [], [], {}

    def __enter__(self):
        for first in range(0, self.clients, CLIENTS_OF_A_PROCESS):
            process = subprocess.Popen([sys.executable, pathlib.Path(__file__).with_name("clients.py")], text=True,
                                       env=self.installation.environment(None) | {"PYTHONPATH": ":".join(sys.path)},
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            site = {"portal": self.installation.url("acme"), "app": self.installation.url("mobile"),
                    "callback": self.installation.callback("acme"),
                    "numbers": list(range(first, min(first + CLIENTS_OF_A_PROCESS, self.clients)))}
            print(json.dumps(site), file=process.stdin, flush=True)
            self.processes.append(process)
            self.readers.append(threading.Thread(target=self._read, args=[process], daemon=True))
            self.readers[-1].start()
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.stdin.close()
        for reader, process in zip(self.readers, self.processes):
            reader.join(180)
            if reader.is_alive():
                process.kill()
            if process.wait():
                self.errors.append(f"a process of clients ended by {process.returncode}")

    def waiting(self):
        """Of every sign-in that is not done, when it asked, and the code came or it was last seen without one."""
        return [(asked, had_code or at) for at, records in list(self.open.values()) for asked, had_code in records]

    def _read(self, process):
        for line in process.stdout:
            match json.loads(line):
                case {"done": [kind, user, id, asked, had_code, told]}:
                    self.history.append(SignIn(sys.intern(kind), sys.intern(user), id and uuid.UUID(id), asked, had_code,
                                               tuple(map(sys.intern, told))))
                case {"open": records, "at": at}:
                    self.open[process.pid] = at, records
                case {"error": sentence}:
                    self.errors.append(sentence)
