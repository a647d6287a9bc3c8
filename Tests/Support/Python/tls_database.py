"""usage: tls_database.py CERTIFICATE KEY

A database server as far as TLS: prints its port, and for each client "start" when it has sent its start-up message, by which
it has accepted the certificate, or "refused", or "plain" when it has not asked for TLS at all."""
import socket
import ssl
import struct
import sys

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
server = socket.create_server(("127.0.0.1", 0))
print("port", server.getsockname()[1], flush=True)


def seen(client):
    client.settimeout(10)
    if client.recv(8) != struct.pack("!ii", 8, 80877103):  # SSLRequest
        return "plain"
    client.sendall(b"S")
    try:
        with context.wrap_socket(client, server_side=True) as tls:
            return "start" if tls.recv(4) else "refused"
    except (ssl.SSLError, OSError):
        return "refused"


while True:
    connection, _ = server.accept()
    with connection:
        print(seen(connection), flush=True)
