"""usage: judge.py      judges webhooks with the libraries that receivers use, nothing of Countersign's

Standard input: a JSON object a line with `headers`, `body`, `secrets` (whsec_) and `public_key` (whpk_ or null).
Standard output: a JSON object a line, of who says that it is genuine.
"""
import base64
import json
import sys

import svix.webhooks
import standardwebhooks.webhooks
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def accepts(library, secret, body, headers):
    try:
        library.Webhook(secret).verify(body, headers)
        return True
    except library.WebhookVerificationError:
        return False


def verifies(public_key, body, headers):
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key.removeprefix("whpk_")))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body.encode()
    for signature in headers["webhook-signature"].split(" "):
        version, _, value = signature.partition(",")
        if version == "v1a":
            try:
                key.verify(base64.b64decode(value), signed)
                return True
            except InvalidSignature:
                pass
    return False


for line in sys.stdin:
    case = json.loads(line)
    headers, body = case["headers"], case["body"]
    print(json.dumps({
        "standardwebhooks": [accepts(standardwebhooks.webhooks, s, body, headers) for s in case["secrets"]],
        "svix": [accepts(svix.webhooks, s, body, headers) for s in case["secrets"]],
        "ed25519": bool(case["public_key"]) and verifies(case["public_key"], body, headers),
        "forged": accepts(standardwebhooks.webhooks, case["secrets"][0], body + " ", headers),
    }), flush=True)
