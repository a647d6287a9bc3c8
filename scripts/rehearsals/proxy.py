"""A network between a worker and the server that can swallow everything."""
import contextlib
import socket
import threading


class Proxy:
    def __init__(self, port):
        self.target, self.lock, self.links = port, threading.Lock(), set()
        self.flows = threading.Event()
        self.flows.set()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def freeze(self):
        """Nothing that is sent arrives any more, and nobody is told."""
        self.flows.clear()

    def melt(self):
        self.flows.set()

    def forget(self):
        """What stands is swallowed for ever; new connections pass."""
        with self.lock:
            for link in self.links:
                link.passes = False

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._link, args=[client], daemon=True).start()

    def _link(self, client):
        self.flows.wait()
        try:
            server = socket.create_connection(("127.0.0.1", self.target), 5)
        except OSError:
            return client.close()
        link = Link()
        with self.lock:
            self.links.add(link)
        for source, sink in ((client, server), (server, client)):
            threading.Thread(target=self._pump, args=[link, source, sink], daemon=True).start()

    def _pump(self, link, source, sink):
        try:
            while data := source.recv(65536):
                self.flows.wait()
                if link.passes:
                    sink.sendall(data)
        except OSError:
            pass
        if link.passes:
            for end in (source, sink):
                # A close alone tells nobody while the other thread still reads.
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()


class Link:
    passes = True
