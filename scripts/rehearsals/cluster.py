"""A PostgreSQL of the rehearsal's own, which can be killed, frozen out and filled up."""
import os
import pathlib
import re
import secrets
import shutil
import subprocess
import tempfile

import psycopg
from system import free_port

SETTINGS = """
listen_addresses = '127.0.0.1'
password_encryption = 'scram-sha-256'
max_connections = 140
max_locks_per_transaction = 256
shared_buffers = '256MB'
restart_after_crash = on
recovery_init_sync_method = 'syncfs'
"""


class Cluster:
    """With a superuser and the owner that the installation's database gets. `is_small` where it is on a disk of 1 GiB,
    which root may mount when it is asked for."""

    def __init__(self, binaries, may_be_small=False):
        self.binaries = pathlib.Path(binaries)
        self.user = "postgres" if os.getuid() == 0 else None
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="countersign-rehearsal-", dir="/var/tmp"))
        self.port, self.password = free_port(), secrets.token_hex(16)
        self.is_small = may_be_small and os.getuid() == 0 and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1g", "tmpfs", self.folder], capture_output=True, check=False).returncode
        self.data = self.folder / "data"
        if self.user:
            shutil.chown(self.folder, self.user)
        self.version = int(re.search(r"\d+", self.run("postgres", "--version").stdout).group())
        self._make()

    def run(self, program, *words, check=True):
        prefix = ["runuser", "-u", self.user, "--"] if self.user else []
        return subprocess.run([*prefix, str(self.binaries / program), *words], check=check, text=True, cwd="/",
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def _make(self):
        secret = self.folder / "password"
        secret.write_text(self.password)
        secret.chmod(0o644)
        self.run("initdb", "-D", str(self.data), "-U", "postgres", "--auth=scram-sha-256", f"--pwfile={secret}",
                  "--encoding=UTF8", "--locale=C.UTF-8")
        secret.unlink()
        more = f"port = {self.port}\nunix_socket_directories = '{self.folder}'\n"
        if self.version >= 17:
            more += "max_notify_queue_pages = 64\n"
        with open(self.data / "postgresql.conf", "a") as settings:
            settings.write(SETTINGS + more)
        self.start()
        with psycopg.connect(self.url("postgres", "postgres"), autocommit=True) as superuser:
            superuser.execute(f"CREATE ROLE countersign_owner LOGIN CREATEROLE PASSWORD '{self.password}'")

    def start(self):
        self.run("pg_ctl", "-D", str(self.data), "-l", str(self.folder / "log"), "-w", "-t", "60", "start")

    def stop(self, mode):
        self.run("pg_ctl", "-D", str(self.data), "-m", mode, "-w", "-t", "60", "stop", check=False)

    def url(self, login, database):
        return f"postgres://{login}:{self.password}@127.0.0.1:{self.port}/{database}"

    def worker_url(self, url, worker):
        return re.sub(r":\d+/", f":{worker.proxy.port}/", url)

    def remove(self):
        self.stop("immediate")
        if self.is_small:
            subprocess.run(["umount", "-l", self.folder], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)
