#!/usr/bin/env python3
"""A whole portal with the drop-in sign-in page, in Python without a framework.

usage: CREDENTIALS=client:secret scripts/examples/portal-page.py GATEWAY CALLBACK_URI [PORT]

GATEWAY is where visitors' browsers reach `countersign serve`, such as https://sign-in.example. The page's own origin must
be one of the portal's: `countersign origin add`. Sessions are kept in memory; a real portal has TLS and marks its cookie
Secure.
"""
import base64
import html
import json
import os
import secrets
import sys
import urllib.parse
import urllib.request
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

GATEWAY, CALLBACK = sys.argv[1].rstrip("/"), sys.argv[2]
BASIC = "Basic " + base64.b64encode(os.environ["CREDENTIALS"].encode()).decode()
SESSIONS = {}  # by the cookie: the sign-ins that it has begun, and who is signed in

SIGN_IN = f"""<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Acme</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<div data-countersign data-start="/sign-in/start" data-finish="/sign-in/finish"></div>
<script src="{GATEWAY}/widget/v1/countersign.js" defer></script></html>"""
POLICY = (f"default-src 'none'; script-src {GATEWAY}; style-src {GATEWAY}; connect-src 'self' {GATEWAY}; "
          "form-action 'self'; base-uri 'none'; frame-ancestors 'none'")


def ask(path, form=None):
    """The gateway's answer to this portal."""
    data = urllib.parse.urlencode(form).encode() if form else None
    request = urllib.request.Request(f"{GATEWAY}/oauth/api/v4/authenticate/{path}", data, {"Authorization": BASIC})
    with urllib.request.urlopen(request, timeout=15) as answer:
        return json.load(answer)


class Portal(BaseHTTPRequestHandler):
    def do_GET(self):
        user = (self.session() or {}).get("user")
        self.answer(f"<!DOCTYPE html><title>Acme</title><h1>Signed in as {html.escape(user)}</h1>" if user else SIGN_IN)

    def do_POST(self):
        # No other site's page may post here in a visitor's name.
        if self.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            return self.send_error(403)
        length = self.headers.get("Content-Length", "0")
        if not (length.isascii() and length.isdigit()):
            return self.send_error(400)
        form = urllib.parse.parse_qs(self.rfile.read(min(int(length), 65536)).decode("utf-8", "replace"))
        if self.path == "/sign-in/start":
            self.start()
        elif self.path == "/sign-in/finish":
            self.finish(form.get("transaction_id", [""])[0])
        else:
            self.send_error(404)

    def start(self):
        started = ask("user", {"type": "qr-code", "callback_uri": CALLBACK, "ip_address": self.client_address[0],
                               "user_agent": self.headers.get("User-Agent", ""), "browser_id": self.browser()})
        session = self.session() or self.new_session()
        # The code that is shown, the one before it, and other tabs.
        session["begun"] = session["begun"][-7:] + [started["transaction_id"]]
        page = {name: started[name] for name in ("transaction_id", "browser_token")}
        self.answer(json.dumps(page), "application/json")

    def finish(self, transaction):
        session = self.session()
        # No page is believed: the session has begun it, and the gateway says who it is.
        if session and transaction in session["begun"]:
            result = ask(f"transaction/{transaction}")
            if result["is_authenticated"]:
                del SESSIONS[session["id"]]
                self.new_session()["user"] = result["user_id"]  # under another id than before
        self.answer("", status=303, location="/")

    def session(self):
        return SESSIONS.get(self.cookie("session"))

    def new_session(self):
        id = self.give_cookie("session")
        return SESSIONS.setdefault(id, {"id": id, "begun": [], "user": None})

    def browser(self):
        """What the browser is known by for 400 days: the phone tells its user whether it is new."""
        return self.cookie("browser") or self.give_cookie("browser", "; Max-Age=34560000")

    def cookie(self, name):
        cookie = SimpleCookie(self.headers.get("Cookie", "")).get(name)
        return cookie.value if cookie else None

    def give_cookie(self, name, life=""):
        value = secrets.token_urlsafe(16)
        self.cookies += (f"{name}={value}; Path=/; HttpOnly; SameSite=Lax{life}",)
        return value

    cookies = ()

    def answer(self, text, kind="text/html; charset=utf-8", status=200, location=None):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text.encode())))
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("Cache-Control", "no-store")
        if location:
            self.send_header("Location", location)
        for cookie in self.cookies:
            self.send_header("Set-Cookie", cookie)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[3]) if len(sys.argv) > 3 else 0), Portal)
print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
