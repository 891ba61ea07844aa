# SPDX-License-Identifier: Apache-2.0
"""Real services to be probed: a web server with and without TLS, a name server."""
import contextlib
import http.client
import pathlib
import subprocess

from lab import Program

HTTP_PORT, TLS_PORT, DNS_PORT = 41600, 41601, 41602
NGINX = """daemon off; master_process off; pid {d}/nginx.pid; error_log {d}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {d}; proxy_temp_path {d}; fastcgi_temp_path {d}; uwsgi_temp_path {d}; scgi_temp_path {d};
  server {{ listen {host}:{http}; location / {{ return 200 "pong"; }} location /connections {{ stub_status; }} }}
  server {{ listen {host}:{tls} ssl http2; ssl_certificate {d}/server.pem; ssl_certificate_key {d}/server.key;
            location / {{ return 200 "pong"; }} }}
}}
"""


def make_certificates(folder, host):
    """An authority (ca.pem), and a server's certificate with an RSA key, as most have."""
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, cwd=folder, stderr=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL)
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
            "-subj", "/CN=bench CA", "-keyout", "ca.key", "-out", "ca.pem")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", "server.key", "-out",
            "server.csr")
    (pathlib.Path(folder) / "names").write_text(f"subjectAltName=DNS:localhost,IP:{host}\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30",
            "-extfile", "names", "-out", "server.pem")


class Nginx(Program):
    """Answers `pong` on HTTP_PORT, and over TLS on TLS_PORT with a certificate of folder/ca.pem's authority."""

    def __init__(self, folder, host):
        make_certificates(folder, host)
        (folder / "nginx.conf").write_text(NGINX.format(d=folder, host=host, http=HTTP_PORT, tls=TLS_PORT))
        super().__init__(["/usr/sbin/nginx", "-p", folder, "-c", folder / "nginx.conf"], folder / "nginx.log",
                         (host, HTTP_PORT))


    def connections(self):
        """That it has accepted so far, this one included."""
        connection = http.client.HTTPConnection(*self.address, timeout=5)
        with contextlib.closing(connection):
            connection.request("GET", "/connections")
            return int(connection.getresponse().read().split()[7])


class NameServer(Program):
    """Knows nas.lan as 10.1.0.10."""

    def __init__(self, folder, host):
        options = ["--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--pid-file=", "--user=",
                   "--bind-interfaces", f"--listen-address={host}", f"--port={DNS_PORT}", "--address=/nas.lan/10.1.0.10"]
        super().__init__(["/usr/sbin/dnsmasq", *options], folder / "dnsmasq.log", (host, DNS_PORT))
