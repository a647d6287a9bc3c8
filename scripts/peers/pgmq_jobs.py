"""Works a backlog of PGMQ's off and prints how many messages a second: rate=N.

usage: DATABASE_URL=... pgmq_jobs.py JOBS PROCESSES BATCH

The database must be empty. The extension's own SQL is run from the Python package, which needs no extension on the
server. Each process reads a batch and archives it, by the functions of the SQL and psycopg. The clock starts when all
are connected and ends when the last has found the queue empty.
"""

import json
import multiprocessing
import os
import sys
import time

import psycopg
from pgmq.install import get_embedded_install_sql, install_pgmq_sql

URL = os.environ["DATABASE_URL"]


def prepare(jobs):
    install_pgmq_sql(get_embedded_install_sql(), dsn=URL)
    message = json.dumps({"ip_address": "203.0.113.7", "reference": "session-0123456789abcdef"})
    with psycopg.connect(URL, autocommit=True) as connection:
        connection.execute("SELECT pgmq.create('issue')")
        connection.execute(
            "SELECT count(*) FROM pgmq.send_batch('issue', array_fill(%s::jsonb, ARRAY[%s]))", (message, jobs)
        )
        connection.execute("VACUUM ANALYZE pgmq.q_issue")
        connection.execute("CHECKPOINT")


def work(batch, barrier, ends):
    with psycopg.connect(URL, autocommit=True) as connection:
        barrier.wait()
        while True:
            rows = connection.execute("SELECT msg_id, message FROM pgmq.read('issue', 600, %s)", (batch,)).fetchall()
            if not rows:
                break
            connection.execute("SELECT count(*) FROM pgmq.archive('issue', %s::bigint[])", ([row[0] for row in rows],))
        ends.put(time.monotonic())


def left():
    with psycopg.connect(URL) as connection:
        return connection.execute("SELECT count(*) FROM pgmq.q_issue").fetchone()[0]


def main(jobs, processes, batch):
    prepare(jobs)
    barrier = multiprocessing.Barrier(processes + 1)
    ends = multiprocessing.Queue()
    workers = [multiprocessing.Process(target=work, args=(batch, barrier, ends), daemon=True) for _ in range(processes)]
    for worker in workers:
        worker.start()
    barrier.wait(60)
    start = time.monotonic()
    last = max(ends.get(timeout=240) for _ in workers)
    if rest := left():
        sys.exit(f"{rest} of {jobs} messages are left")
    print(f"rate={jobs / (last - start):.0f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
