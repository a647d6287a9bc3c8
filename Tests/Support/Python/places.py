"""Writes a MaxMind DB file: its path, its type, and what it says of networks as JSON on standard input."""

import json
import sys

import netaddr
from mmdb_writer import MMDBWriter

path, kind = sys.argv[1:]
writer = MMDBWriter(ip_version=6, ipv4_compatible=True, database_type=kind, languages=["en", "nl", "pt-BR"])
for network, data in json.load(sys.stdin).items():
    writer.insert_network(netaddr.IPSet([network]), data)
writer.to_db_file(path)
