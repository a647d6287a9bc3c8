"""Rehearses an upgrade from the previous program and the way back, under load, and prints a table. See scripts/rehearse."""
import contextlib
import dataclasses
import os
import pathlib
import re
import signal
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts/attacks"))

from check import eventually  # noqa: E402
from report import note  # noqa: E402
from upgrade_load import Load  # noqa: E402
from upgrade_site import Program, Site  # noqa: E402

PREVIOUS, PRESENT = (Program(name, os.environ[variable])
                     for name, variable in (("previous", "PREVIOUS"), ("present", "COUNTERSIGN")))
options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
SECONDS, LONGEST = float(options.get("--seconds", 4)), int(options.get("--longest", 250))

NOTE = """-- minimum-binary: 1
-- undo: ALTER TABLE countersign.auth_requests DROP COLUMN note;
ALTER TABLE countersign.auth_requests ADD COLUMN note text NOT NULL DEFAULT '';
"""
INDEX = """-- minimum-binary: 1
-- for-each-partition countersign.auth_requests
-- undo: DROP INDEX countersign.auth_requests_note;
CREATE INDEX auth_requests_note ON ONLY countersign.auth_requests (note);
"""
SAYING = "COMMENT ON VIEW countersign.auth_results IS 'Of the next release.';\n"


def version(site):
    return site.ask("SELECT max(version) FROM countersign.schema_migrations")


def newer_files(site):
    """As a release has them: a column, an index, and changes in files of current/."""
    number = len(list((ROOT / "migrations").glob("0*.sql")))
    (site.folder / "current").mkdir()
    files = {f"{number + 1:04}_note.sql": NOTE, f"{number + 2:04}_index.sql": INDEX}
    current = sorted((ROOT / "migrations/current").glob("*.sql"), key=lambda file: (file.stem != "results", file))
    for file in current[:int(options.get("--changed", 1))]:
        files[f"current/{file.name}"] = file.read_text() + (SAYING if file.stem == "results" else "-- changed\n")
    for name, text in files.items():
        (site.folder / name).write_text(text)
        yield from ("--with", str(site.folder / name))


def is_said(site):
    return site.ask("SELECT obj_description('countersign.auth_results'::regclass) = 'Of the next release.'")


@contextlib.contextmanager
def idle_portal(site, seconds=3):
    """It is in a transaction, and has read, for so long from now on."""
    portal = site.login("acme")
    portal.autocommit = False
    portal.execute("SELECT count(*) FROM countersign.auth_results WHERE reference = 'none'")
    commits = threading.Timer(seconds, portal.commit)
    commits.start()
    yield
    commits.join()
    portal.close()


class Rehearsal:
    def __init__(self, site):
        self.site, self.first, self.said = site, version(site), ""

    def before(self):
        """Nothing yet."""

    def up(self):
        with idle_portal(self.site):
            self.said = self.site.run(PRESENT, "migrate", "up", *newer_files(self.site))
        assert version(self.site) > self.first and is_said(self.site), "the schema is not the newer program's"
        self.site.run(PREVIOUS, "migrate", "verify")

    def replaced(self):
        self.site.replace_workers(PRESENT)

    def back(self):
        self.site.replace_workers(PREVIOUS)
        errors = [sentence for grade, sentence in self.site.drift(PREVIOUS) if grade == "error"]
        assert not errors, f"the previous program's doctor takes the newer schema for drift: {errors}"

    def down(self):
        with idle_portal(self.site):
            self.said += self.site.run(PREVIOUS, "migrate", "down")
        assert version(self.site) == self.first and not is_said(self.site), "the schema is not the previous program's"
        self.site.run(PREVIOUS, "migrate", "verify")
        drift = self.site.drift(PREVIOUS)
        assert [grade for grade, _ in drift] == ["ok"], f"what `down` leaves is not as the previous program makes it: {drift}"


STEPS = {"before": "workers of the previous program, which made the database", "up": "`migrate up`, they go on",
         "replaced": "one worker after the other is the present program's",
         "back": "and the previous program's again, on the newer schema", "down": "its `migrate down`"}


@dataclasses.dataclass
class Phase:
    name: str
    began: float
    ended: float = None
    took: float = None


def rehearse(site, load):
    rehearsal, phases = Rehearsal(site), []
    for name in STEPS:
        phases.append(phase := Phase(name, time.time()))
        getattr(rehearsal, name)()
        phase.took = time.time() - phase.began
        load.over.wait(SECONDS)
        phase.ended = time.time()
    return rehearsal, phases


def lost(site, phase):
    return site.ask("SELECT count(*) FROM countersign.auth_requests WHERE requested_at >= to_timestamp(%s) "
                    "AND requested_at < to_timestamp(%s) AND status IN ('requested', 'failed')", phase.began, phase.ended)


def table(site, load, phases):
    """Whether everything holds."""
    print("| phase | | took s | inserts | longest ms | codes | slowest code ms | sign-ins | errors | lost | verdict |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    phases[0].began, phases[-1].ended = 0, time.time()
    verdicts = []
    for phase in phases:
        took = {kind: [most for began, most in done if phase.began <= began < phase.ended]
                for kind, done in load.done.items()}
        errors = sum(phase.began <= when < phase.ended for when, _ in load.errors)
        gone, longest = lost(site, phase), max(took["insert"], default=0)
        verdicts.append(longest <= LONGEST and not errors and not gone and all(took.values()))
        print(f"| {phase.name} | {STEPS[phase.name]} | {phase.took:.1f} | {len(took['insert'])} | {longest:.0f} | "
              f"{len(took['await'])} | {max(took['await'], default=0):.0f} | {len(took['sign-in'])} | {errors} | {gone} | "
              f"{'holds' if verdicts[-1] else 'fails'} |")
        note(f"upgrade, {phase.name}: {STEPS[phase.name]}", "240 requests a second, 2 users sign in", sum(map(len, took.values())),
             gone, 0, f"{longest / 1000:.1f}", "holds" if verdicts[-1] else "fails")
    return all(verdicts)


def main():
    with Site(PREVIOUS, int(options.get("--rows", 20_000))) as site:
        load = Load(site)
        try:
            for _ in range(2):
                site.start_worker(PREVIOUS)
            with load:
                eventually("all clients have been served", lambda: load.done["sign-in"], 60)
                rehearsal, phases = rehearse(site, load)
            eventually("no request waits for its code", lambda: site.ask(
                "SELECT NOT EXISTS (SELECT FROM countersign.issue_queue)"), 60)
            is_good = table(site, load, phases)
            told, kept = sum(map(len, load.done.values())), site.ask(
                "SELECT count(*) FROM countersign.auth_requests") - site.rows
            locked = re.findall(r"locked for (\d+) ms", rehearsal.said)
            print(f"\n{site.rows} rows before; {told} requests of which clients know, {kept} are there; tables were locked "
                  f"for {' and '.join(locked)} ms, after {rehearsal.said.count('tried again')} tries that failed; "
                  f"load average {os.getloadavg()[0]:.0f}.")
            if is_good and told <= kept:
                return 0
        except AssertionError as error:
            print(f"scripts/rehearse: {error}", file=sys.stderr)
        for _, error in load.errors[:10]:
            print(f"error: {error}", file=sys.stderr)
        print(site.log_tails(), file=sys.stderr)
    return 1


signal.signal(signal.SIGTERM, lambda *_: sys.exit("scripts/rehearse: ended from outside"))
sys.exit(main())
