"""Works a backlog of PgQueuer's off and prints how many jobs a second: rate=N.

usage: DATABASE_URL=... pgqueuer_jobs.py JOBS PROCESSES BATCH

The database must be empty. Each process is a QueueManager with asyncpg and uvloop, as its guide to performance says,
and its jobs do nothing. The clock starts when all are connected and ends when the last has drained the queue.
"""

import asyncio
import multiprocessing
import os
import sys
import time

import asyncpg
import uvloop
from pgqueuer import AsyncpgDriver, PgQueuer, Queries
from pgqueuer.types import QueueExecutionMode

URL = os.environ["DATABASE_URL"]


async def prepare(jobs):
    connection = await asyncpg.connect(URL)
    queries = Queries(AsyncpgDriver(connection))
    await queries.install()
    for start in range(0, jobs, 5_000):
        count = min(5_000, jobs - start)
        payloads = [b"203.0.113.7 session-0123456789abcdef"] * count
        await queries.enqueue(["issue"] * count, payloads, [0] * count)
    await connection.execute("VACUUM ANALYZE pgqueuer")
    await connection.execute("CHECKPOINT")
    await connection.close()


async def work(batch, barrier, ends):
    connection = await asyncpg.connect(URL)
    manager = PgQueuer.from_asyncpg_connection(connection).qm

    @manager.entrypoint("issue")
    async def issue(job):
        pass

    barrier.wait()
    await manager.run(batch_size=batch, mode=QueueExecutionMode.drain)
    ends.put(time.monotonic())
    await connection.close()


async def left():
    connection = await asyncpg.connect(URL)
    count = await connection.fetchval("SELECT count(*) FROM pgqueuer")
    await connection.close()
    return count


def main(jobs, processes, batch):
    uvloop.run(prepare(jobs))
    barrier = multiprocessing.Barrier(processes + 1)
    ends = multiprocessing.Queue()
    workers = [
        multiprocessing.Process(target=lambda: uvloop.run(work(batch, barrier, ends)), daemon=True)
        for _ in range(processes)
    ]
    for worker in workers:
        worker.start()
    barrier.wait(60)
    start = time.monotonic()
    last = max(ends.get(timeout=240) for _ in workers)
    if rest := asyncio.run(left()):
        sys.exit(f"{rest} of {jobs} jobs are left")
    print(f"rate={jobs / (last - start):.0f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
