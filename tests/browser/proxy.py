#!/usr/bin/env python3
"""A reverse proxy before a running Tare, for tests below a sub-path and for work on the page without compiling:

    tests/browser/proxy.py http://127.0.0.1:8080 --page            # serves the page's files from src/page
    tests/browser/proxy.py http://127.0.0.1:8080 --path /tare/     # Tare is at /tare/, as behind a company's proxy
"""

import argparse
import http.client
import mimetypes
import pathlib
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGE = pathlib.Path(__file__).resolve().parents[2] / "src" / "page"
# Served as one file, in this order.
STYLES = ("style", "figures", "forms")
# What a connection is about, and not the message that it carries.
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade"}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    upstream = ""
    path_prefix = "/"
    page = None

    def log_message(self, *_):
        pass

    def forward(self):
        if not self.path.startswith(self.path_prefix):
            return self.answer(404, "text/plain", b"outside of the sub-path")
        path = "/" + self.path.removeprefix(self.path_prefix)
        if self.page and self.command == "GET" and self.serve_page(path):
            return None
        return self.ask(path)

    do_GET = do_POST = do_HEAD = do_DELETE = do_PUT = forward

    def serve_page(self, path):
        """Answers with a file of the page as it is on the disk; false if the path is none."""
        path = path.partition("?")[0]
        if path == "/":
            document = (self.page / "index.html").read_text().replace("{assets}", "assets/edited").replace("{grafana}", "")
            self.answer(200, "text/html; charset=utf-8", document.encode())
            return True
        if path == "/assets/edited/page.css":
            sheets = [self.page / f"{name}.css" for name in STYLES]
            self.answer(200, "text/css", b"".join(sheet.read_bytes() for sheet in sheets))
            return True
        file = self.page / path.removeprefix("/assets/edited/")
        if not path.startswith("/assets/edited/") or ".." in path or not file.is_file():
            return False
        kind = "text/javascript" if file.suffix == ".js" else mimetypes.guess_type(file.name)[0]
        self.answer(200, kind or "text/plain", file.read_bytes())
        return True

    def answer(self, status, kind, content):
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("cache-control", "no-store")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def ask(self, path):
        """Asks the server behind, and passes its answer on as it comes: events do not wait for the end."""
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(self.upstream).netloc)
        content = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP | {"host"}}
        connection.request(self.command, path, content or None, headers)
        answer = connection.getresponse()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("connection", "close")
        self.close_connection = True
        self.end_headers()
        try:
            while self.command != "HEAD" and (part := answer.read1(65536)):
                self.wfile.write(part)
                self.wfile.flush()
        except OSError:
            pass  # The browser has left; so does the proxy.
        finally:
            connection.close()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    # Browsers open several connections at once. The usual 5 can be too few on a busy machine, and a connection that is
    # refused waits for seconds before the browser tries again.
    request_queue_size = 128


def serve(upstream, path="/", page=None, port=0):
    """Starts the proxy; ends with `shutdown`."""
    settings = {"upstream": upstream, "path_prefix": path, "page": page}
    server = Server(("127.0.0.1", port), type("Configured", (Handler,), settings))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("upstream")
    parser.add_argument("--path", default="/")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--page", action="store_const", const=PAGE)
    asked = parser.parse_args()
    started = serve(asked.upstream, asked.path, asked.page, asked.port)
    print(f"http://127.0.0.1:{started.server_address[1]}{asked.path}", flush=True)
    threading.Event().wait()
