"""usage: certificates.py FOLDER      makes a CA and certificates of receivers, good and bad ones, with their keys"""
import datetime
import pathlib
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

folder = pathlib.Path(sys.argv[1])
now = datetime.datetime.now(datetime.timezone.utc)


def name(text):
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def write(file, certificate, key):
    (folder / f"{file}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / f"{file}.key").write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))


def make(file, host, days, issuer=None, is_ca=False):
    key = ec.generate_private_key(ec.SECP256R1())
    issuer_name, issuer_key = issuer or (name(host), key)
    builder = (
        x509.CertificateBuilder().subject_name(name(host)).issuer_name(issuer_name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=30))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
    )
    if not is_ca:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
    write(file, builder.sign(issuer_key, hashes.SHA256()), key)
    return name(host), key


ca = make("ca", "Test CA", 30, is_ca=True)
make("good", "localhost", 30, ca)
make("wrong-name", "other.example", 30, ca)
make("expired", "localhost", -1, ca)
make("self-signed", "localhost", 30)
