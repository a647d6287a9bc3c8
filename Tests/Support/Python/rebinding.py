"""usage: rebinding.py NAME PUBLIC PORT      in a network of its own: a name server and two receivers

The name server answers the first question for NAME with the address PUBLIC and all later ones with 127.0.0.1, which is
how a rebinding attack looks. Both addresses have a receiver on PORT. Prints a line for each question and each
connection: `asked <address>`, `called <address> <Host header>`. Stops at the end of its standard input.
"""
import socket
import struct
import sys
import threading

name, public, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
questions = 0


def say(*words):
    print(*words, flush=True)


def answer(packet):
    global questions
    end = 12
    labels = []
    while packet[end]:
        labels.append(packet[end + 1:end + 1 + packet[end]].decode())
        end += packet[end] + 1
    kind = struct.unpack(">H", packet[end + 1:end + 3])[0]
    question = packet[12:end + 5]
    known = ".".join(labels).lower() == name
    records = b""
    if known and kind == 1:
        questions += 1
        address = public if questions == 1 else "127.0.0.1"
        say("asked", address)
        records = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 0, 4) + socket.inet_aton(address)
    flags = 0x8180 if known else 0x8183  # no such name
    return packet[:2] + struct.pack(">HHHHH", flags, 1, 1 if records else 0, 0, 0) + question + records


def serve_names(server):
    while True:
        packet, peer = server.recvfrom(512)
        server.sendto(answer(packet), peer)


def serve(address, server):
    while True:
        connection, _ = server.accept()
        threading.Thread(target=respond, args=(address, connection), daemon=True).start()


def respond(address, connection):
    request = b""
    while b"\r\n\r\n" not in request:
        part = connection.recv(65536)
        if not part:
            break
        request += part
    host = [line[6:].decode() for line in request.split(b"\r\n") if line.lower().startswith(b"host: ")]
    say("called", address, *host)
    connection.sendall(b"HTTP/1.1 503 later\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
    connection.close()


names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
names.bind(("127.0.0.1", 53))
threading.Thread(target=serve_names, args=(names,), daemon=True).start()
for place in (public, "127.0.0.1"):
    listener = socket.create_server((place, port))
    threading.Thread(target=serve, args=(place, listener), daemon=True).start()
say("ready")
sys.stdin.read()
