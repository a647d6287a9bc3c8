"""A process that takes webhooks, and writes down of which request and end each told, and under which id.

Its argument is the file that it writes into. It prints its port. A line of its input, `STATUS SECONDS`, says what it answers
from then on, and after how long."""
import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Callback(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    status, delay, file = 204, 0, None

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        time.sleep(self.delay)
        if self.status == 204:
            data = json.loads(body)["data"]
            os.write(self.file, f"{data['transaction_id']} {data['status']} {self.headers['webhook-id']}\n".encode())
        self.send_response(self.status)
        if self.status != 204:
            self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads, request_queue_size = True, 512

    def handle_error(self, *_):
        """Workers that are killed leave their connections."""


def main():
    Callback.file = os.open(sys.argv[1], os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    server = Server(("127.0.0.1", 0), Callback)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    for line in sys.stdin:
        status, delay = line.split()
        Callback.status, Callback.delay = int(status), float(delay)


main()
