"""OpenPGP packets that no honest program makes (RFC 9580)."""
import base64
import secrets

L = 2**252 + 27742317777372353535851937790883648493


def mpi(number):
    return number.bit_length().to_bytes(2, "big") + number.to_bytes((number.bit_length() + 7) // 8, "big")


def packet(tag, body):
    return bytes([0xC0 | tag, 0xFF]) + len(body).to_bytes(4, "big") + body


def armor(kind, packets, comment=""):
    text = base64.encodebytes(packets).decode()
    head = f"Comment: {comment}\n" if comment else ""
    return f"-----BEGIN PGP {kind}-----\n{head}\n{text}-----END PGP {kind}-----\n"


def dearmor(text):
    lines = text.split("\n\n", 1)[1].split("-----END")[0].split()
    return base64.b64decode("".join(line for line in lines if not line.startswith("=")))


def costly_key():
    """An RSA key of 3,072 bits whose public exponent has 3,000."""
    modulus = secrets.randbits(3072) | 1 << 3071 | 1
    exponent = secrets.randbits(3000) | 1 << 2999 | 1
    key = b"\x04" + (1_700_000_000).to_bytes(4, "big") + b"\x01" + mpi(modulus) + mpi(exponent)
    signature = b"\x04\x13\x01\x08" + b"\x00\x06\x05\x02" + (1_700_000_000).to_bytes(4, "big") + b"\x00\x00\x00\x00"
    signature += mpi(secrets.randbits(3071))
    return armor("PUBLIC KEY BLOCK", packet(6, key) + packet(13, b"mallory") + packet(2, signature))


def with_order_added(signature):
    """The same Ed25519 signature with S + L for S, which sloppy libraries take (RFC 8032 section 5.1.7)."""
    packets = dearmor(signature)
    header = 2 if packets[0] & 0x40 else 1 + (1, 2, 4)[packets[0] & 3]
    body = packets[header:]
    place = len(body) - 2
    # The last MPI is S: look for the length that reaches just to the end.
    while place > 0:
        bits = int.from_bytes(body[place:place + 2], "big")
        if 0 < bits <= 256 and place + 2 + (bits + 7) // 8 == len(body) and body[place + 2].bit_length() == (bits - 1) % 8 + 1:
            break
        place -= 1
    s = int.from_bytes(body[place + 2:], "big")
    return armor("SIGNATURE", packet(2, body[:place] + mpi(s + L)))
