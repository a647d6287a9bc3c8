"""Holds what clients were told against what the database, the audit trail and the webhooks say."""
import math
import sys
import time
import uuid
from collections import defaultdict

ENDS = ("authenticated", "denied", "expired", "cancelled", "failed")


class Verdict:
    """Sentences about what is wrong, each with its kind, and when the sign-in that it is about was asked for."""

    KINDS = ("lost", "twice", "stuck", "wrong")

    def __init__(self):
        self.faults, self.webhooks = [], 0

    def add(self, kind, sentence, asked=None):
        self.faults.append((kind, sentence, asked))

    def count(self, *kinds, since=-math.inf, until=math.inf):
        """Of those kinds, of sign-ins that were asked for in that time; what is about no sign-in is in none."""
        return sum(kind in kinds and (asked is None and since == -math.inf or asked is not None and since <= asked < until)
                   for kind, _, asked in self.faults)


def drain(installation, seconds=120):
    """Until nothing waits any more, but for what waits for its time: no request lives longer than three minutes."""
    end = time.monotonic() + seconds
    with installation.superuser() as superuser:
        superuser.execute("UPDATE countersign.auth_requests SET expires_at = least(expires_at, clock_timestamp() + interval '32 s'), "
                          "open_until = least(open_until, clock_timestamp() + interval '32 s') WHERE open_until IS NOT NULL")
        while time.monotonic() < end:
            left = superuser.execute(
                "SELECT (SELECT count(*) FROM countersign.issue_queue) + (SELECT count(*) FROM countersign.validate_queue) "
                "+ (SELECT count(*) FROM countersign.dispatch_queue) "
                "+ (SELECT count(*) FROM countersign.auth_requests WHERE open_until IS NOT NULL)").fetchone()[0]
            if left == 0:
                return
            time.sleep(0.2)


def check(installation, load):
    verdict = Verdict()
    with installation.superuser() as superuser:
        requests = {transaction: (sys.intern(status), user and sys.intern(user)) for transaction, status, user in superuser.execute(
            "SELECT transaction_id, status, user_id FROM countersign.auth_requests")}
        ends = defaultdict(list)
        for transaction, kind in superuser.execute(
                "SELECT transaction_id, type FROM countersign.events WHERE type LIKE 'request.%%' AND "
                "split_part(type, '.', 2) = ANY (%s)", [list(ENDS)]):
            ends[transaction].append(kind.split(".")[1])
        _check_rest(superuser, verdict)
    hooks = _webhooks(installation, verdict)
    for record in load.history:
        if record.id is not None:
            _check_sign_in(record, requests.get(record.id), ends[record.id], hooks[record.id], verdict)
    for transaction, row in requests.items():
        if row[0] not in ENDS:
            verdict.add("stuck", f"{transaction} is {row[0]}")
    return verdict


def _check_rest(superuser, verdict):
    for queue in ("issue_queue", "validate_queue", "dispatch_queue", "otp_secrets"):
        for (row,) in superuser.execute(f"SELECT to_jsonb(q) - 'secret' FROM countersign.{queue} q LIMIT 5"):
            verdict.add("stuck", f"{queue} has {row}")
    dead = superuser.execute("SELECT count(*) FROM countersign.webhook_deliveries WHERE status = 'dead'").fetchone()[0]
    if dead:
        verdict.add("lost", f"{dead} webhooks were given up")


def _webhooks(installation, verdict):
    """Of each request the ends that its portal was told, and under which ids."""
    told = defaultdict(set)
    for line in installation.receiver.received():
        transaction, end, webhook = line.split()
        told[uuid.UUID(transaction)].add((sys.intern(end), webhook))
        verdict.webhooks += 1
    return told


def _check_sign_in(record, row, ends, hooks, verdict):
    name = f"{record.kind} {record.id}"
    if row is None:
        return verdict.add("lost", f"{name}: was inserted, and is not there", record.asked)
    status, user = row
    told = record.told
    if told.count("has code") > 1:
        verdict.add("twice", f"{name}: two codes", record.asked)
    if len(ends) > 1:
        verdict.add("twice", f"{name}: ended as {', '.join(ends)}", record.asked)
    elif status in ENDS and ends != [status]:
        verdict.add("wrong", f"{name}: is {status}, and the audit trail has {ends or 'nothing'}", record.asked)
    for wanted, words in (("authenticated", "accept accepted None"), ("denied", "deny accepted None"),
                          ("cancelled", "cancel True")):
        if words in told and status != wanted:
            verdict.add("lost", f"{name}: was told '{words}', and is {status}", record.asked)
    if status == "authenticated" and user != record.user:
        verdict.add("wrong", f"{name}: signed in as {user}, and {record.user} answered", record.asked)
    for words in told:
        if words.startswith("reads ") and words[6:] in ENDS and words[6:] != status:
            verdict.add("wrong", f"{name}: was read as {words[6:]}, and is {status}", record.asked)
        if words.startswith("reads user"):
            verdict.add("wrong", f"{name}: {words}", record.asked)
    sent, ids = ({hook[place] for hook in hooks} for place in (0, 1))
    if status in ENDS and sent != {status}:
        verdict.add("lost", f"{name}: is {status}, and its webhooks said {', '.join(sent) or 'nothing'}", record.asked)
    if len(ids) > 1:
        verdict.add("twice", f"{name}: webhooks under {len(ids)} ids", record.asked)
