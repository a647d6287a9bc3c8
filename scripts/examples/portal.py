#!/usr/bin/env python3
"""A portal that speaks SQL (psycopg 3): starts a sign-in, shows the code, and says who signed in.

usage: DATABASE_URL=postgres://acme@... scripts/examples/portal.py CALLBACK_URI

It waits for both
by LISTEN. A portal that must survive a lost connection also looks at auth_results after it came back.
"""
import os
import sys
import uuid

import psycopg


def news_of(connection, transaction):
    """Each status that is notified for the transaction, as it comes."""
    for notification in connection.notifies():
        status, ids = notification.payload.split(" ")
        if str(transaction) in ids.split(","):
            yield status


def main(callback):
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        channel = connection.execute("SELECT countersign.portal_channel()").fetchone()[0]
        connection.execute(f'LISTEN "{channel}"')
        transaction, expires_at = connection.execute(
            """INSERT INTO countersign.auth_requests (auth_type, callback_uri, reference)
               VALUES ('qr-code', %s, %s) RETURNING transaction_id, expires_at""",
            (callback, f"session-{uuid.uuid4()}"),
        ).fetchone()
        code = connection.execute("SELECT countersign.await_otp(%s, '5 s')", (transaction,)).fetchone()[0]
        print(f"code {code}", flush=True)

        for status in news_of(connection, transaction):
            print(status, flush=True)
            if status in ("authenticated", "denied", "expired", "cancelled", "failed"):
                break
        signed_in, user, reason = connection.execute(
            """SELECT is_authenticated, user_id, not_authenticated_reason
               FROM countersign.auth_results WHERE transaction_id = %s""",
            (transaction,),
        ).fetchone()
        print(f"signed in as {user}" if signed_in else f"not signed in: {reason}", flush=True)


main(sys.argv[1])
