"""A phone's keys, and what it signs with them (RFC 9580, version 4: Ed25519 with Curve25519)."""
import base64
import hashlib
import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from packets import armor, mpi, packet

ED25519, CURVE25519 = bytes.fromhex("092B06010401DA470F01"), bytes.fromhex("0A2B060104019755010501")
# Section 5.2.3.29: certify and sign; encrypt.
SIGNS, ENCRYPTS = b"\x03", b"\x0c"


def _raw(key):
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def _subpacket(kind, body):
    return bytes([len(body) + 1, kind]) + body


def submission_of(columns):
    """The INSERT of an answer's columns."""
    return (f"INSERT INTO countersign.submissions ({', '.join(columns)}) "
            f"VALUES ({', '.join(['%s'] * len(columns))}) RETURNING submission_id")


class Device:
    """One of a user. `enrollment` is there once it is enrolled."""

    def __init__(self, user, name):
        self.user, self.name, self.enrollment = user, name, None
        self._secret = Ed25519PrivateKey.generate()
        made = int(time.time()).to_bytes(4, "big")
        primary = b"\x04" + made + b"\x16" + ED25519 + mpi(int.from_bytes(b"\x40" + _raw(self._secret), "big"))
        point = b"\x40" + _raw(X25519PrivateKey.generate())
        subkey = b"\x04" + made + b"\x12" + CURVE25519 + mpi(int.from_bytes(point, "big")) + b"\x03\x01\x08\x07"
        hashed = b"\x99" + len(primary).to_bytes(2, "big") + primary
        self.fingerprint = hashlib.sha1(hashed).digest()
        uid = name.encode()
        certified = hashed + b"\xb4" + len(uid).to_bytes(4, "big") + uid
        bound = hashed + b"\x99" + len(subkey).to_bytes(2, "big") + subkey
        self.public_key = armor("PUBLIC KEY BLOCK", b"".join([
            packet(6, primary), packet(13, uid), self._signature(0x13, certified, _subpacket(27, SIGNS)),
            packet(14, subkey), self._signature(0x18, bound, _subpacket(27, ENCRYPTS))]))

    def _signature(self, kind, content, more=b""):
        hashed = _subpacket(2, int(time.time()).to_bytes(4, "big")) + _subpacket(33, b"\x04" + self.fingerprint) + more
        head = b"\x04" + bytes([kind]) + b"\x16\x08" + len(hashed).to_bytes(2, "big") + hashed
        digest = hashlib.sha256(content + head + b"\x04\xff" + len(head).to_bytes(4, "big")).digest()
        issuer = _subpacket(16, self.fingerprint[-8:])
        signed = self._secret.sign(digest)
        numbers = b"".join(mpi(int.from_bytes(half, "big")) for half in (signed[:32], signed[32:]))
        return packet(2, head + len(issuer).to_bytes(2, "big") + issuer + digest[:2] + numbers)

    def enroll(self, ask):
        """Until it is active. `ask` is given SQL and its values, and returns the first row."""
        self.enrollment, = ask("INSERT INTO countersign.enrollments (user_id, device_id, public_key) VALUES (%s, %s, %s) "
                               "RETURNING enrollment_id", self.user, self.name, self.public_key)
        sql = "SELECT status, reason FROM countersign.enrollment_results WHERE enrollment_id = %s"
        while (state := ask(sql, self.enrollment))[0] == "pending":
            time.sleep(0.02)
        assert state[0] == "active", state

    def answer(self, action, code, prompt=None):
        """The columns of a submission: exactly the seven lines are signed."""
        decoded = base64.urlsafe_b64decode(code)
        transaction, secret = decoded[:16].hex(), hashlib.sha256(decoded[16:]).hexdigest()
        hyphened = "-".join(transaction[a:b] for a, b in ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32)))
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        digest = hashlib.sha256(prompt.encode()).hexdigest() if prompt else "-"
        lines = f"countersign-v1\n{action}\n{hyphened}\n{secret}\n{self.enrollment}\n{now}\n{digest}\n"
        signature = armor("SIGNATURE", self._signature(0, lines.encode()))
        return {"enrollment_id": str(self.enrollment), "otp": code, "action": action, "signed_at": now,
                "prompt_digest": digest, "signature": signature}
