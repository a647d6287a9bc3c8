"""A and B over HTTP: clients without credentials, guessers, forgers."""
import base64
import hashlib
import hmac
import json
import socket
import subprocess
import sys
import time

from check import attack, eventually, meanwhile
from system import free_port, http

OWN = {"Sec-Fetch-Site": "same-origin"}


def sockets(url, count, source):
    host, port = url[7:].split(":")
    opened = []
    for _ in range(count):
        try:
            opened.append(socket.create_connection((host, int(port)), 5, (source, 0)))
        except OSError:
            break
    return opened


@attack("A3 clients that never read, and bodies that never come")
def slow_clients(system):
    held = sockets(system.gateway, 100, "127.0.0.9")
    try:
        for number, client in enumerate(held):
            try:
                if number % 2:
                    client.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 50)
                else:
                    client.sendall(b"POST /oauth/api/v4/authenticate/user HTTP/1.1\r\nHost: x\r\nContent-Length: 999\r\n\r\n")
            except OSError:
                pass
        return system.started_over_http()
    finally:
        for client in held:
            client.close()


@attack("A3 heads without end on the operations address")
def slow_heads(system):
    held = sockets(system.operations, 300, "127.0.0.9")
    try:
        for client in held:
            try:
                client.sendall(b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Endless: ")
            except OSError:
                pass
        answer = http(f"{system.operations}/metrics", timeout=5)
        assert answer.status == 200, f"/metrics answers {answer.status}"
        return f"/metrics answers beside {len(held)}"
    finally:
        for client in held:
            client.close()


@attack("A3 clients that pipeline cheap requests without end")
def pipelining(system):
    # In a process of its own: what is measured here shares no lock with it.
    clients = f"""
import selectors, socket
one = b"GET /nothing HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n" * 50
watch = selectors.DefaultSelector()
for _ in range(30):
    client = socket.create_connection(("127.0.0.1", {system.gateway.rsplit(":", 1)[1]}), 5, ("127.0.0.9", 0))
    client.setblocking(False)
    watch.register(client, selectors.EVENT_READ | selectors.EVENT_WRITE)
while True:
    for key, events in watch.select():
        try:
            if events & selectors.EVENT_READ and not key.fileobj.recv(1 << 20):
                watch.unregister(key.fileobj)
            elif events & selectors.EVENT_WRITE:
                key.fileobj.send(one)
        except BlockingIOError:
            pass
        except OSError:
            watch.unregister(key.fileobj)
"""
    attacker = subprocess.Popen([sys.executable, "-c", clients])
    try:
        time.sleep(2)
        assert attacker.poll() is None, "the attacker has ended"
        return [system.started_over_http(3) for _ in range(5)][-1]
    finally:
        attacker.kill()


@attack("A5 guessing portals' secrets")
def guess_secrets(system):
    with meanwhile(lambda: system.start_over_http("globex", secret="guess"), threads=8):
        time.sleep(1)
        system.run("portal", "credentials", "add", "globex", "attacked", "--json", check=False)
        details = [system.started_over_http(3) for _ in range(5)]
    return details[-1]


def sign_in(system, password, name="anna"):
    return http(f"{system.operations}/console/login", {"name": name, "password": password}, OWN, timeout=10)


@attack("A5 guessing the console's password")
def guess_console(system):
    with meanwhile(lambda: sign_in(system, "guess"), threads=8):
        time.sleep(1)
        slowest = 0
        for _ in range(5):
            began = time.monotonic()
            assert http(f"{system.operations}/metrics", timeout=10).status == 200
            slowest = max(slowest, time.monotonic() - began)
            answer = sign_in(system, system.console)
            assert answer.status == 303, f"the right password gets {answer.status}"
    assert slowest < 2, f"/metrics took {slowest:.1f} s"
    with system.owner() as owner:
        told = owner.execute("SELECT count(*) FROM countersign.events WHERE type = 'operator.refused'").fetchone()[0]
    assert 0 < told < 1000, f"{told} refusals are in the trail"
    return f"/metrics within {slowest * 1000:.0f} ms, {told} refusals in the trail"


@attack("B15 a browser that was left open")
def open_browser(system):
    cookie = {"Cookie": sign_in(system, system.console).headers["Set-Cookie"].split(";")[0]}
    page = http(f"{system.operations}/console/settings", headers=cookie).body
    token = page.split('name="csrf" value="')[1].split('"')[0]
    for action, words in (("settings-set", {"setting": "signature_required=false"}),
                          ("operator-add", {"name": "mallory", "may": "change"}),
                          ("callback-add", {"portal": "acme", "url": "https://evil.example/"})):
        answer = http(f"{system.operations}/console/act", {"csrf": token, "page": "settings", "action": action, **words},
                      {**cookie, **OWN})
        assert answer.status == 422, f"{action} is done without a password ({answer.status})"
    return "it asks for the password again"


@attack("B8 markup in the console")
def markup(system):
    with system.login("acme") as acme:
        texts = ["<\u0301img src=x>", "<\u0600b onload=x>", "<script>alert(1)</script>", "'\"><i>"]
        transactions = []
        for text in texts:
            try:
                transactions.append(system.request(acme, "acme", message=text))
            except Exception:
                pass  # refused is as good
    cookie = sign_in(system, system.console).headers["Set-Cookie"].split(";")[0]
    for transaction in transactions:
        page = http(f"{system.operations}/console/requests?id={transaction}", headers={"Cookie": cookie}).body
        assert str(transaction) in page, "the page does not show it"
        found = [text for text in texts if text in page]
        assert not found, f"{found} stands in the page"
    return f"{len(transactions)} messages are text"


@attack("B12 TLS of yesterday, and a name that is bound anew")
def old_tls(system):
    answer = http(f"{system.operations}/metrics", headers={"Host": "evil.example"})
    assert answer.status == 421, f"another Host gets {answer.status}"
    folder, port = system.folder, free_port()
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-keyout", folder / "key.pem", "-out", folder / "chain.pem"],
                   check=True, capture_output=True, timeout=30)
    system.start("serve", "--listen", f"127.0.0.1:{port}", "--tls-certificate", str(folder / "chain.pem"),
                 "--tls-key", str(folder / "key.pem"), login="gateway")

    def shakes(words):
        ended = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", *words], input=b"", timeout=20,
                               capture_output=True)
        return b"Cipher is (NONE)" not in ended.stdout and b"BEGIN CERTIFICATE" in ended.stdout

    eventually("it speaks TLS 1.3", lambda: shakes(["-tls1_3"]))
    for words in (["-tls1", "-cipher", "ALL@SECLEVEL=0"], ["-tls1_1", "-cipher", "ALL@SECLEVEL=0"],
                  ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-SHA384:ECDHE-ECDSA-AES128-SHA@SECLEVEL=0"],
                  ["-tls1_2", "-cipher", "AES256-GCM-SHA384:AES128-SHA@SECLEVEL=0"]):
        assert not shakes(words), f"it takes {' '.join(words)}"
    return "1.3 and AEAD alone"


class Issuer:
    """Makes access tokens with a key of openssl's."""

    def __init__(self, system):
        self.key = system.folder / "issuer.pem"
        subprocess.run(["openssl", "genrsa", "-out", self.key, "2048"], check=True, capture_output=True, timeout=60)
        modulus = subprocess.run(["openssl", "rsa", "-in", self.key, "-noout", "-modulus"], check=True, capture_output=True,
                                 text=True).stdout.split("=")[1].strip()
        self.public = {"kty": "RSA", "kid": "k1", "use": "sig", "alg": "RS256", "n": self.encoded(bytes.fromhex(modulus)),
                       "e": "AQAB"}

    @staticmethod
    def encoded(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    def token(self, header=(), sign=None, **claims):
        now = int(time.time())
        full = {"iss": "https://id.example", "aud": "countersign", "sub": "alice", "iat": now, "exp": now + 300,
                "scope": "countersign", **claims}
        head = {"alg": "RS256", "kid": "k1", "typ": "at+jwt", **dict(header)}
        text = ".".join(self.encoded(json.dumps(part).encode()) for part in (head, full))
        return f"{text}.{self.encoded((sign or self.signature)(text.encode()))}"

    def signature(self, text):
        return subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.key], input=text, check=True,
                              capture_output=True).stdout


@attack("B11 tokens that are none for us")
def tokens(system):
    issuer = Issuer(system)
    (system.folder / "jwks.json").write_text(json.dumps({"keys": [issuer.public]}))
    port = free_port()
    system.start("serve", "--listen", f"127.0.0.1:{port}", "--jwks", str(system.folder / "jwks.json"), "--jwt-issuer",
                 "https://id.example", "--jwt-audience", "countersign", "--jwt-app", "mobile", login="gateway")

    def status(token):
        try:
            return http(f"http://127.0.0.1:{port}/app/v1/enrollments", headers={"Authorization": f"Bearer {token}"}).status
        except OSError:
            return None

    eventually("a right token is taken", lambda: status(issuer.token()) == 200)
    now, shared = int(time.time()), json.dumps(issuer.public).encode()
    forged = {
        "no algorithm": issuer.token({"alg": "none"}, lambda _: b""),
        "the public key as a shared secret": issuer.token(
            {"alg": "HS256"}, lambda text: hmac.new(shared, text, hashlib.sha256).digest()),
        "another's signature": issuer.token(sign=lambda _: b"\x01" * 256),
        "another audience": issuer.token(aud="another"), "another issuer": issuer.token(iss="https://evil.example"),
        "no end": issuer.token(exp=None), "over": issuer.token(iat=now - 900, exp=now - 600),
        "ten years": issuer.token(exp=now + 315_360_000), "made tomorrow": issuer.token(iat=now + 86_400, exp=now + 86_700),
        "an ID token": issuer.token({"typ": "JWT"}), "a logout token": issuer.token({"typ": "logout+jwt"}),
        "bound to a key that is not shown": issuer.token(cnf={"jkt": "x"}),
        "standard base64": issuer.token() + "=",
    }
    taken = [name for name, token in forged.items() if status(token) != 401]
    assert not taken, f"these are taken: {', '.join(taken)}"
    return f"{len(forged)} are 401"
