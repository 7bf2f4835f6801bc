"""ClickHouse's own engine (chdb, from PyPI) behind as much of its HTTP interface as pointsman uses.

Started by tests/it/clickhouse.rs: prints the port that it listens on, and serves until it is killed.
"""

import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qsl, urlsplit

sys.path.insert(0, sys.argv[1])

from chdb import session  # noqa: E402

PASSWORD = sys.argv[2]
ENGINE = session.Session(tempfile.mkdtemp(prefix="clickhouse-"))
ASKED = []


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        asked = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        if self.path == "/asked":
            return self.answer(200, "\n".join(ASKED).encode())
        if self.headers.get("X-ClickHouse-Key") != PASSWORD:
            return self.answer(403, b"Code: 516. DB::Exception: Authentication failed")
        values = {
            name.removeprefix("param_"): value
            for name, value in asked.items()
            if name.startswith("param_")
        }
        ASKED.append(body.replace("\n", " "))
        try:
            ENGINE.query("USE " + asked.get("database", "default"))
            result = ENGINE.query(body, "TabSeparated", params=values)
        except Exception as error:
            status = 404 if "UNKNOWN_TABLE" in str(error) else 400
            return self.answer(status, str(error).encode())
        return self.answer(200, result.bytes() or b"")

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
# Ends with whoever started it: their end of the pipe closes.
threading.Thread(target=lambda: (sys.stdin.read(), server.shutdown()), daemon=True).start()
server.serve_forever()
