#!/usr/bin/env python3
"""A portal's callback address, on 127.0.0.1: verifies each webhook as Standard Webhooks 1.0.0 says.

usage: WEBHOOK_SECRET=whsec_... scripts/examples/receiver.py PORT

With nothing of Countersign's own code, prints one line for it and answers 204, or 401 when it is forged.
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
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.new(SECRET, signed, hashlib.sha256).digest()).decode()
    fresh = abs(time.time() - int(headers["webhook-timestamp"])) < 300
    return fresh and any(hmac.compare_digest(expected, s) for s in headers["webhook-signature"].split(" "))


class Callback(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(min(int(self.headers.get("content-length", 0)), 65536))
        genuine = is_genuine(self.headers, body)
        self.send_response(204 if genuine else 401)
        self.end_headers()
        verdict = "signature verified" if genuine else "SIGNATURE WRONG"
        print(f"{time.time():.6f} POST {self.path} {verdict} {json.dumps(json.loads(body))}", flush=True)

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Callback).serve_forever()
