#!/usr/bin/env python3
"""Attacks a running service and measures what a good client notices.

service.py AGEWISE [--short | --long] [--picture FILE]

Each attack comes from one address of its own, for some seconds. Before, between and after them two honest clients send
pictures without a pause; a third, the good one, sends one picture after the other, each over a new connection, and its
latencies are what is measured, beside those honest two with and without the attack. Prints a table in Markdown; exits
with 1 where the good client was refused or a health check failed or the process died, where a doubtful request was not
refused, and where a 99th percentile is more than --most times the quiet one. Linux, Python's standard library alone.
"""
import argparse
import json
import multiprocessing
import pathlib
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zlib

ATTACKER, GOOD, HONEST = "127.0.0.2", "127.0.0.1", ("127.0.0.3", "127.0.0.4")
PICTURES = pathlib.Path(__file__).resolve().parent.parent / "image" / "pictures"


# ---- pictures that cost

def png(width, height):
    """RGB rows that differ, so that nothing is quick about them."""
    row = lambda y: b"\1" + bytes((y * 7 + i * 31) & 255 for i in range(997)) * (width * 3 // 997 + 1)
    some = [row(y)[:width * 3 + 1] for y in range(61)]
    pack = zlib.compressobj(1)
    data = b"".join(pack.compress(some[y % 61]) for y in range(height)) + pack.flush()
    chunk = lambda name, body: struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


class Bits:
    """Bits of a JPEG's scan: filled up with ones, a zero after each 0xFF (ITU-T T.81, F.1.2.3)."""

    def __init__(self):
        self.bits = []

    def put(self, value, count):
        self.bits += [value >> i & 1 for i in range(count - 1, -1, -1)]

    def bytes(self):
        bits = self.bits + [1] * (-len(self.bits) % 8)
        packed = int("".join(map(str, bits)), 2).to_bytes(len(bits) // 8, "big")
        return packed.replace(b"\xff", b"\xff\0")


def many_scans(width, height, scans):
    """A grey progressive JPEG each of whose scans is some bytes long and costs a pass over all its blocks."""
    blocks = (width + 7) // 8 * ((height + 7) // 8)
    segment = lambda mark, body: b"\xff" + bytes([mark]) + struct.pack(">H", len(body) + 2) + body
    file = b"\xff\xd8" + segment(0xDB, b"\0" + b"\1" * 64)
    file += segment(0xC2, struct.pack(">BHHBBBB", 8, height, width, 1, 1, 0x11, 0))
    file += segment(0xC4, b"\0" + bytes([1] + [0] * 15) + b"\0")  # one code of one bit: the difference is none
    file += segment(0xC4, b"\x10" + bytes([0, 0, 0, 15] + [0] * 12) + bytes(n << 4 for n in range(15)))  # EOBn
    file += segment(0xDA, bytes([1, 1, 0, 0, 0, 0])) + b"\0" * (blocks // 8) + (b"\x7f" if blocks % 8 else b"")
    empty, left = Bits(), blocks
    while left > 0:
        run = min(left, 32767)
        n = run.bit_length() - 1
        empty.put(n, 4)
        empty.put(run - (1 << n), n)
        left -= run
    return file + (segment(0xDA, bytes([1, 1, 0, 1, 63, 0])) + empty.bytes()) * (scans - 1) + b"\xff\xd9"


# ---- clients

def connect(port, address, timeout=60):
    s = socket.socket()
    s.settimeout(timeout)
    s.bind((address, 0))
    s.connect(("127.0.0.1", port))
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


def post(body, size=None):
    size = len(body) if size is None else size
    return (b"POST /v1/estimate HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\n"
            b"Content-Length: %d\r\n\r\n" % size) + body


GET_HEALTH = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


def answer(s):
    """Status and body; 0 where the connection was closed without one."""
    got = b""
    try:
        while b"\r\n\r\n" not in got:
            piece = s.recv(65536)
            if not piece:
                return 0, b""
            got += piece
        head, body = got.split(b"\r\n\r\n", 1)
        size = re.search(rb"content-length: *(\d+)", head.lower())
        while size and len(body) < int(size[1]):
            piece = s.recv(65536)
            if not piece:
                break
            body += piece
        return int(head.split()[1]), body
    except (OSError, ValueError, IndexError):
        return 0, b""


def ask(port, request, address=GOOD, timeout=60):
    try:
        with connect(port, address, timeout) as s:
            s.sendall(request)
            return answer(s)[0]
    except OSError:
        return 0


def send_for_ever(port, address, body):
    while True:
        ask(port, post(body), address)


def measured(port, request, seconds):
    """Latencies in seconds and statuses, one request after the other."""
    times, statuses, end = [], [], time.monotonic() + seconds
    while time.monotonic() < end:
        begin = time.monotonic()
        statuses.append(ask(port, request))
        times.append(time.monotonic() - begin)
        time.sleep(0.005)
    return times, statuses


def percentile(times, part):
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


# ---- attacks: each a function of the port that never returns

def in_threads(count, work):
    threads = [threading.Thread(target=work, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def posts(body, count):
    return lambda port: in_threads(count, lambda: send_for_ever(port, ATTACKER, body))


def held_open(count, first, each_second):
    """So many connections that never bring a request; those that are closed are opened again."""
    def attack(port):
        held = []
        while True:
            while len(held) < count:
                try:
                    s = connect(port, ATTACKER, 5)
                    s.sendall(first)
                    held.append(s)
                except OSError:
                    break
            readable = set(select.select(held[:1000], [], [], 0.2)[0])
            for s in readable:
                s.close()
            held = [s for s in held if s not in readable]
            for s in held if each_second else []:
                try:
                    s.send(each_second)
                except OSError:
                    pass
    return attack


def stalled_uploads(count, size):
    def one(port):
        while True:
            try:
                with connect(port, ATTACKER) as s:
                    s.sendall(post(b"\xff" * (size - 1000), size))
                    answer(s)
            except OSError:
                time.sleep(0.1)
    return lambda port: in_threads(count, lambda: one(port))


def opened_and_closed(count):
    def attack(port):
        while True:
            batch = []
            for _ in range(count):
                try:
                    batch.append(connect(port, ATTACKER, 5))
                except OSError:
                    break
            for s in batch:
                s.close()
            time.sleep(0.2)
    return attack


def attacks(good, size):
    width, height = size
    pixels = width * height // 1_000_000
    legal = png(width, height)
    return [
        (f"a progressive JPEG of {pixels} megapixels with 100 scans, 8 at once", posts(many_scans(width, height, 100), 8)),
        (f"the same with 20 scans, which is read", posts(many_scans(width, height, 20), 8)),
        (f"a PNG of {pixels} megapixels, 8 at once", posts(legal, 8)),
        ("500 half-open connections", held_open(500, b"GET / HTTP/1.1\r\n", b"")),
        ("200 heads, a byte now and then", held_open(200, b"GET / HTTP/1.1\r\n", b"X")),
        ("8 uploads of 32 MB that stop before their end", stalled_uploads(8, 32 << 20)),
        ("600 connections opened and closed, again and again", opened_and_closed(600)),
        ("32 clients' good pictures from one address", posts(good, 32)),
    ]


# ---- what must be refused

def doubtful():
    p, second = b"POST / HTTP/1.1\r\nHost: a\r\n", b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
    return {
        "two Content-Lengths": p + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello" + second,
        "Content-Length with Transfer-Encoding":
            p + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + second,
        "an unknown Transfer-Encoding": p + b"Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n" + second,
        "bare LF": b"GET /healthz HTTP/1.1\nHost: a\n\n",
        "%00 in a path": b"GET /healthz%00x HTTP/1.1\r\nHost: a\r\n\r\n",
        "two Hosts": b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "no path": b"GET HTTP/1.1\r\nHost: a\r\n\r\n",
    }


def check_doubtful(port):
    wrong = []
    for name, request in doubtful().items():
        with connect(port, GOOD, 20) as s:
            s.sendall(request)
            status, body = answer(s)
            try:
                is_json = "error" in json.loads(body or b"null")
            except (ValueError, TypeError):
                is_json = False
            try:
                closed = s.recv(1) == b""
            except ConnectionError:
                closed = True
            except OSError:
                closed = False
        if status != 400 or not is_json or not closed:
            wrong.append(f"{name}: {status}{'' if is_json else ', no JSON'}{'' if closed else ', not closed'}")
    return wrong


# ---- the campaign

def start(agewise, arguments):
    log = tempfile.NamedTemporaryFile("r", suffix=".log")
    server = subprocess.Popen([agewise, "serve", "--port", "0", *arguments], stdout=open(log.name, "w"),
                              stderr=subprocess.STDOUT)
    while True:
        found = re.search(r"http://[^:]*:(\d+)/", pathlib.Path(log.name).read_text())
        if found:
            return server, int(found[1])
        if server.poll() is not None:
            sys.exit(pathlib.Path(log.name).read_text())
        time.sleep(0.05)


def memory_of(pid, what):
    return int(re.search(rf"{what}:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) // 1024


class Health(threading.Thread):
    """Asks /healthz ten times a second while it lives."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.ends, self.longest, self.failed = port, False, 0.0, 0

    def run(self):
        while not self.ends:
            begin = time.monotonic()
            status = ask(self.port, GET_HEALTH, "127.0.0.5")
            self.longest = max(self.longest, time.monotonic() - begin)
            self.failed += status != 200
            time.sleep(0.1)


def under(port, attack, request, seconds):
    attacker = multiprocessing.Process(target=attack, args=(port,), daemon=True) if attack else None
    if attacker:
        attacker.start()
        time.sleep(min(2.0, seconds / 4))
    health = Health(port)
    health.start()
    times, statuses = measured(port, request, seconds)
    health.ends = True
    health.join()
    if attacker:
        attacker.kill()
        attacker.join()
    return times, statuses, health


def campaign(options, server, port, good):
    request, rows, wrong = post(good), [], check_doubtful(port)
    honest = [multiprocessing.Process(target=send_for_ever, args=(port, address, good), daemon=True) for address in HONEST]
    for client in honest:
        client.start()
    measured(port, request, 1)
    for name, attack in attacks(good, (8000, 6250)):
        if options.only and options.only not in name:
            continue
        before = under(port, None, request, options.seconds)
        during = under(port, attack, request, options.seconds)
        time.sleep(options.rest)
        after = under(port, None, request, options.seconds / 2)
        quiet, attacked = before[0] + after[0], during[0]
        refused = sum(status != 200 for status in during[1])
        ratio = percentile(attacked, 0.99) / percentile(quiet, 0.99)
        rows.append((name, len(quiet), percentile(quiet, 0.5), percentile(quiet, 0.99), len(attacked),
                     percentile(attacked, 0.5), percentile(attacked, 0.99), ratio, refused, during[2].longest))
        print(table_row(rows[-1]), flush=True)
        if refused:
            wrong.append(f"{name}: the good client was refused {refused} times of {len(attacked)}")
        if during[2].failed:
            wrong.append(f"{name}: {during[2].failed} health checks failed")
        if ratio > options.most:
            wrong.append(f"{name}: the 99th percentile is {ratio:.1f} times the quiet one")
        if server.poll() is not None:
            wrong.append(f"{name}: the service has ended")
            break
    for client in honest:
        client.kill()
    return wrong


def table_row(row):
    name, quiet_count, *rest = row
    q50, q99, count, a50, a99, ratio, refused, health = rest
    ms = lambda seconds: f"{seconds * 1000:,.0f}"
    return (f"| {name} | {ms(q50)} / {ms(q99)} ({quiet_count}) | {ms(a50)} / {ms(a99)} ({count}) | {ratio:.1f} | "
            f"{refused} | {ms(health)} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("agewise")
    parser.add_argument("--short", action="store_true", help="three seconds of each attack, which is the default")
    parser.add_argument("--long", action="store_true", help="a minute of each attack in place of three seconds")
    parser.add_argument("--seconds", type=float, help="of each attack")
    parser.add_argument("--most", type=float, default=10, help="times the quiet 99th percentile that pass")
    parser.add_argument("--only", default="", help="attacks whose name holds this")
    parser.add_argument("--picture", type=pathlib.Path, default=PICTURES / "rgb.jpg", help="what honest clients send")
    options, arguments = parser.parse_known_args()
    options.seconds = options.seconds or (60 if options.long else 3)
    options.rest = 10 if options.long else 1
    server, port = start(options.agewise, arguments)
    print("| attack | quiet ms, 50 % / 99 % | under attack | times | refused | longest health check, ms |")
    print("|---|---|---|---|---|---|")
    try:
        wrong = campaign(options, server, port, options.picture.read_bytes())
        if server.poll() is None:
            print(f"\nmemory: {memory_of(server.pid, 'VmHWM')} MB at most, {memory_of(server.pid, 'VmRSS')} MB at the end")
    finally:
        server.send_signal(signal.SIGTERM)
        status = server.wait()
    if status != 0:
        wrong.append(f"the service ended with {status}")
    for line in wrong:
        print(f"FAILED {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
