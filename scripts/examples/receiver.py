#!/usr/bin/env python3
"""A portal's callback address, on 127.0.0.1: verifies each webhook as Standard Webhooks 1.0.0 says.

usage: WEBHOOK_SECRET=whsec_... scripts/examples/receiver.py PORT

With nothing of Countersign's own code, prints one line for it and answers 204, or 401 when it is forged. What a stranger
sends is bytes until its signature was checked: nothing of it is read as a number, as text or as JSON before.
"""
import base64
import hashlib
import hmac
import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = base64.b64decode(os.environ["WEBHOOK_SECRET"].removeprefix("whsec_"))


def is_genuine(headers, body):
    # http.server reads headers as Latin-1. One that is missing is empty, and no signature fits it.
    id, timestamp, signatures = (headers.get(f"webhook-{name}", "").encode("latin-1", "replace")
                                 for name in ("id", "timestamp", "signature"))
    signed = b".".join((id, timestamp, body))
    expected = b"v1," + base64.b64encode(hmac.new(SECRET, signed, hashlib.sha256).digest())
    if not any(hmac.compare_digest(expected, one) for one in signatures.split(b" ")):
        return False
    return abs(time.time() - int(timestamp)) < 300  # its signer's: a number


class Callback(BaseHTTPRequestHandler):
    def do_POST(self):
        length = self.headers.get("content-length", "0")
        body = self.rfile.read(min(int(length), 65536)) if length.isascii() and length.isdigit() else b""
        genuine = is_genuine(self.headers, body)
        self.send_response(204 if genuine else 401)
        self.end_headers()
        verdict = "signature verified" if genuine else "SIGNATURE WRONG"
        # A stranger's bytes are shown as ASCII, so that none moves the cursor.
        shown = json.dumps(json.loads(body)) if genuine else ascii(body)
        print(f"{time.time():.6f} POST {self.path if genuine else ascii(self.path)} {verdict} {shown}", flush=True)

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Callback).serve_forever()
