#!/usr/bin/env python3
"""The service as systemd and nginx meet it: tests/packages/service.py AGEWISE PICTURE

A socket that is passed and the readiness that is told (sd_listen_fds(3), sd_notify(3)); the log, also where nobody reads it; settings from a file and
the environment; then Debian's nginx in front, as docs/serve.md has it and with its defaults. Exits with 77, which counts as
skipped, where there is no nginx; all but that part has then passed.
"""
import base64
import fcntl
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

AGEWISE, PICTURE = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).read_bytes()
FOLDER = Path(tempfile.mkdtemp(prefix="agewise-service-"))
NGINX = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")


def check(holds, what):
    if not holds:
        raise SystemExit(f"FAILED: {what}")


class Service:
    """agewise serve on a socket of ours, with readiness told on another."""

    def __init__(self, config, stdout=None, stderr=None, **environment):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.log = FOLDER / f"log-{self.port}"
        (FOLDER / "serve.toml").write_text(config)
        path = FOLDER / f"notify-{self.port}"
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(str(path))
        self.notify.settimeout(120)
        pass_on = f"exec 3<&{self.listener.fileno()}; export LISTEN_PID=$$; exec {AGEWISE} --kernels default serve --config {FOLDER}/serve.toml"
        self.process = subprocess.Popen(
            ["bash", "-c", pass_on], pass_fds=[self.listener.fileno()], stdout=stdout or open(self.log, "wb"), stderr=stderr,
            env={"PATH": os.environ["PATH"], "LISTEN_FDS": "1", "NOTIFY_SOCKET": str(path)} | environment)
        self.told("READY=1")

    def told(self, state):
        check(self.notify.recv(100) == state.encode(), f"the service does not tell {state}")

    def lines(self):
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def stop(self):
        self.process.terminate()
        self.told("STOPPING=1")
        check(self.process.wait(60) == 0, "the service does not end well")


def ask(port, method="GET", path="/", body=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    return answer.status, answer.read(), answer.headers


def try_systemd():
    service = Service('log-format = "json"\nmax-body = 2\nport = 1\n', AGEWISE_SERVE_MAX_BODY="1")
    estimate = dict(method="POST", path="/v1/estimate")
    status, plain, headers = ask(service.port, body=PICTURE, Content_Type="image/jpeg", X_Request_Id="mine", **estimate)
    check(status == 200 and headers["X-Request-Id"] == "mine", f"{status} {plain}")
    text = json.dumps({"picture": "data:image/jpeg;base64," + base64.b64encode(PICTURE).decode()})
    status, packed, _ = ask(service.port, body=text, Content_Type="application/json", **estimate)
    check((status, packed) == (200, plain), f"JSON: {status} {packed}")
    status, _, _ = ask(service.port, body=b"x" * ((1 << 20) + 1), Content_Type="image/jpeg", **estimate)
    check(status == 413, f"AGEWISE_SERVE_MAX_BODY=1 does not count more than max-body = 2 in the file: {status}")
    ask(service.port, path="/a/private/name.jpg?who=me")
    service.process.send_signal(signal.SIGHUP)
    service.told("RELOADING=1")
    service.told("READY=1")
    check(ask(service.port, path="/readyz")[0] == 200, "after SIGHUP the passed socket is not served")
    service.stop()
    lines = service.lines()
    check(lines[0]["url"] == f"http://127.0.0.1:{service.port}/", lines[0])
    requests = [line for line in lines if "request_id" in line]
    check([line["status"] for line in requests] == [200, 200, 413, 404, 200], requests)
    check(requests[0]["request_id"] == "mine" and requests[3]["path"] == "other", requests)
    check("private" not in service.log.read_text(), "the log has what a client wrote")


def try_stalled_log():
    """Nobody reads standard output until 3000 requests, of which a pipe of one page and the queue hold fewer, are answered."""
    read, write = os.pipe()
    fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096)
    with open(FOLDER / "warnings", "w+b") as warnings:
        service = Service('log-format = "json"\n', stdout=write, stderr=warnings)
        os.close(write)
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
        for _ in range(3000):
            connection.request("GET", "/healthz")
            check(connection.getresponse().read() == b'{"status":"ok"}', "no answer while nobody reads the log")
        connection.close()
        service.process.terminate()
        with open(read) as log:
            lines = [json.loads(line) for line in log]
        service.told("STOPPING=1")
        check(service.process.wait(60) == 0, "the service does not end well")
        warnings.seek(0)
        dropped = [int(word) for line in warnings if b"dropped" in line for word in line.split() if word.isdigit()]
    check(len(lines) < 3000 and sum(dropped) + len(lines) == 3001, f"{len(lines)} lines, and {dropped} dropped")


NGINX_CONFIG = """
user root;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{bare};
    location / {{ proxy_pass http://127.0.0.1:{doubting}; }}
  }}
  server {{
    listen 127.0.0.1:{named};
    location / {{ proxy_pass http://127.0.0.1:{doubting}; proxy_set_header Host $http_host; }}
  }}
  server {{
    listen 127.0.0.1:{full};
    server_name ages.example;
    {location}
  }}
}}
"""


def documented_location(port):
    """The part of docs/serve.md that an operator copies."""
    page = (Path(__file__).parents[2] / "docs/serve.md").read_text()
    begin = page.index("location / {")
    return page[begin:page.index("```", begin)].replace("127.0.0.1:8080", f"127.0.0.1:{port}")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as one:
        return one.getsockname()[1]


def try_nginx():
    settings = 'log-format = "json"\nname = ["ages.example"]\n'
    doubting, service = Service(settings), Service(settings + 'trusted-proxy = "127.0.0.1"\n')
    bare, named, full = free_port(), free_port(), free_port()
    (FOLDER / "nginx.conf").write_text(NGINX_CONFIG.format(
        folder=FOLDER, doubting=doubting.port, bare=bare, named=named, full=full, location=documented_location(service.port)))
    nginx = subprocess.Popen([NGINX, "-e", str(FOLDER / "nginx.log"), "-c", str(FOLDER / "nginx.conf"), "-g", "daemon off;"])
    try:
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", full)).close()
                break
            except OSError:
                time.sleep(0.05)
        post = dict(method="POST", path="/v1/estimate", body=PICTURE, Content_Type="image/jpeg", Host="ages.example")
        for port, of_the_page in (bare, 403), (named, 200), (full, 200):
            which = {bare: "bare", named: "named", full: "full"}[port]
            check(ask(port, Host="ages.example")[0] == 200, f"{which}: the page")
            check(ask(port, **post)[0] == 200, f"{which}: a post of a program")
            check(ask(port, Origin="http://ages.example", **post)[0] == of_the_page, f"{which}: a post of the page")
            check(ask(port, Origin="http://evil.example", **post)[0] == 403, f"{which}: a post of another site's page")
        made_up = dict(X_Forwarded_For="203.0.113.9", X_Forwarded_Host="ages.example", X_Forwarded_Proto="http")
        check(ask(bare, Origin="http://ages.example", **made_up, **post)[0] == 403, "a client's own X-Forwarded-Host is believed")
        check(ask(full, Origin="https://ages.example", **post)[0] == 403, "a page of http, which says to be of https")
        check(ask(full, Host="evil.example")[0] == 403, "another name, which leads here")
        big = dict(post, body=b"x" * (20 << 20))
        check(ask(full, **big)[0] == 422, "20 MB, which nginx by default does not let through")
        status, _, headers = ask(full, path="/readyz", X_Forwarded_For="203.0.113.9", X_Request_Id="mine")
        check(status == 200 and headers["X-Request-Id"] == "mine", headers)
    finally:
        nginx.terminate()
        nginx.wait(30)
        service.stop()
        doubting.stop()
    clients = [line["client"] for line in service.lines() if "client" in line]
    check({line["client"] for line in doubting.lines() if "client" in line} == {"127.0.0.1"}, "a client's own X-Forwarded-For is believed")
    # Whoever asks nginx from 127.0.0.1, which is trusted, is believed.
    check(clients[-1] == "203.0.113.9" and set(clients[:-1]) == {"127.0.0.1"}, clients)


try:
    try_systemd()
    try_stalled_log()
    print("systemd's protocols, the log and the settings: fine")
    if NGINX is None:
        print("skipped: nginx is not installed (apt-get install nginx-light)")
        sys.exit(77)
    try_nginx()
    print("behind nginx, with its defaults and as docs/serve.md has it: fine")
finally:
    shutil.rmtree(FOLDER)
