"""A server, a browser, and what the page should show: computed here once more, from the API's answers."""

import atexit
import functools
import json
import os
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.request
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from urllib.parse import quote, urlencode

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

PROGRAM = os.environ.get("PAGE_TEST_PROGRAM", "tare")
SHOWN = "#view:not([aria-busy])"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Server:
    """A `tare` that serves, until it is stopped."""

    def __init__(self, *arguments, environment=None):
        self.url = f"http://127.0.0.1:{free_port()}"
        self.folder = tempfile.TemporaryDirectory()
        self.log = open(os.path.join(self.folder.name, "log"), "w+")
        address = self.url.removeprefix("http://")
        self.process = subprocess.Popen(
            [PROGRAM, *arguments, "--listen", address],
            stdout=self.log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
        )
        self.wait()

    def wait(self, seconds=120):
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/readyz", timeout=5):
                    return
            except OSError:
                time.sleep(0.2)
        self.log.seek(0)
        said = self.log.read()
        self.stop()
        raise AssertionError(f"the server did not become ready: {said}")

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=60)
        self.log.close()
        self.folder.cleanup()


class Running:
    """A server that is stopped elsewhere."""

    def __init__(self, url):
        self.url = url.rstrip("/")

    def stop(self):
        pass


@functools.cache
def demo():
    """The demo's server, or the one that the environment names. The demo is started once for all tests."""
    named = os.environ.get("PAGE_TEST_URL")
    if named:
        return Running(named)
    server = Server("demo")
    atexit.register(server.stop)
    return Running(server.url)


class Case(unittest.TestCase):
    """A test with a server and a browser. Whatever it does, the browser must not complain and must ask nobody
    but the server."""

    server = None

    @classmethod
    def start(cls):
        return demo()

    @classmethod
    def setUpClass(cls):
        cls.server = cls.start()
        cls.playwright = sync_playwright().start()
        cls.browser = cls.playwright.chromium.launch(
            executable_path=os.environ["PAGE_TEST_CHROMIUM"],
            # A browser run by root, as in containers, has no sandbox of its own.
            chromium_sandbox=os.geteuid() != 0,
        )

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()
        cls.playwright.stop()
        cls.server.stop()

    def setUp(self):
        self.complaints = []
        self.expected_complaints = ()
        self.page = self.new_page()

    def tearDown(self):
        for context in self.browser.contexts:
            context.close()
        unexpected = [
            text
            for text in self.complaints
            if not any(expected in text for expected in self.expected_complaints)
        ]
        self.assertEqual(unexpected, [])

    def new_page(self, width=1440, height=900, scheme="light", motion=False, touch=False):
        """A page whose complaints are heard. Without motion, charts stand still when they appear."""
        context = self.browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            reduced_motion="no-preference" if motion else "reduce",
            has_touch=touch,
            accept_downloads=True,
        )
        page = context.new_page()
        page.on("console", lambda message: self.hear(message.type, message.text))
        page.on("pageerror", lambda error: self.hear("error", str(error)))
        page.on("request", lambda request: self.see(request.url))
        page.on("dialog", lambda dialog: self.hear("error", f"a dialog opened: {dialog.message}"))
        return page

    def hear(self, kind, text):
        if kind in ("error", "warning"):
            self.complaints.append(f"{kind}: {text}")

    def see(self, url):
        if not url.startswith((self.server.url, "blob:", "data:")):
            self.complaints.append(f"asked another host: {url}")

    def open(self, page=None, **parameters):
        page = page or self.page
        page.goto(f"{self.server.url}/?{urlencode(parameters)}")
        self.settle(page)
        return page

    def settle(self, page=None):
        (page or self.page).wait_for_selector(SHOWN)

    def api(self, path, body=None, **parameters):
        """What the API answers."""
        query = f"?{urlencode(parameters)}" if parameters else ""
        request = urllib.request.Request(f"{self.server.url}{path}{query}")
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("content-type", "application/json")
        with urllib.request.urlopen(request) as answer:
            return json.load(answer, parse_float=Decimal)

    def repository_path(self, row):
        return "/v1/repositories/{}/{}".format(
            quote(row["registry"], safe=""), quote(row["repository"], safe="")
        )

    def every_view(self):
        """Each view, in each of its forms, by name."""
        yield "overview", {}
        yield "overview in bytes", {"measure": "bytes"}
        yield "overview of last month", {"window": "lastmonth"}
        yield "repositories", {"view": "repositories"}
        yield "savings", {"view": "savings"}
        yield "savings in bytes", {"view": "savings", "measure": "bytes"}
        for by in ("team", "cost_centre", "base", "verdict", "registry"):
            yield f"costs by {by}", {"view": "centres", "by": by}
        for by in ("team", "repository", "label:org.opencontainers.image.vendor"):
            yield f"costs over time by {by}", {"view": "centres", "time": "1", "by": by}
        for by in ("repository", "team"):
            yield f"changes by {by}", {"view": "changes", "by": by, "window": "90d"}
        yield "images", {"view": "images"}
        yield "what if", {"view": "what-if"}
        yield "what if with a choice", {"view": "what-if", "switch": "chosen", "days": "1", "rate": "800", "pulls": "-5"}
        yield "crawls", {"view": "crawls"}
        row = self.api("/v1/savings", limit=1)["items"][0]
        place = {"of": row["registry"], "repository": row["repository"]}
        yield "repository", {"view": "repository", **place}
        images = self.api(f"{self.repository_path(row)}/images", limit=1000)["items"]
        yield "image", {"view": "image", **place, "digest": images[0]["digest"]}
        yield "compared images", {"view": "compare", **place, "digest": images[0]["digest"], "with": images[-1]["digest"]}

    def rows(self, selector="table", page=None):
        """The texts of a table's body, row by row."""
        script = (
            "(table) => [...table.tBodies[0].rows].map((row) => [...row.cells].map((cell) => cell.innerText))"
        )
        return (page or self.page).locator(selector).first.evaluate(script)

    def totals(self, selector="table"):
        return self.page.locator(selector).first.evaluate(
            "(table) => [...table.tFoot.rows[0].cells].map((cell) => cell.innerText)"
        )

    def check_accessibility(self, page, where):
        """Axe finds nothing that it calls serious or critical."""
        found = Axe().run(page).response["violations"]
        grave = [
            (rule["id"], rule["help"], [node["html"] for node in rule["nodes"]][:3])
            for rule in found
            if rule["impact"] in ("serious", "critical")
        ]
        self.assertEqual(grave, [], where)


def shown_bytes(count):
    """Bytes as the page and `tare report` show them: IEC units, rounded to hundredths."""
    if count is None:
        return "–"
    units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    size, sign = abs(int(count)), "−" if count < 0 else ""
    if size < 1024:
        return f"{sign}{size} B"
    for power, unit in enumerate(units):
        value = (Decimal(size) / 1024**power).quantize(Decimal("0.01"), ROUND_HALF_UP)
        if power and value < 1024:
            return f"{sign}{value} {unit}"
    raise AssertionError(f"{count} bytes are more than there are")


def shown_money(money):
    """Money as the page shows it, in dollars."""
    if money is None:
        return "–"
    amount = Decimal(money["amount"])
    if money["currency"] != "USD":
        raise AssertionError(f"the demo pays in dollars, not in {money['currency']}")
    if amount and abs(amount) < Decimal("0.005"):
        return "< $0.01" if amount > 0 else "> −$0.01"
    cents = abs(amount).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return f"{'−' if amount < 0 else ''}${cents:,}"


def rough_money(money):
    """Estimated money as cards show it: two significant digits."""
    amount = Context(prec=2, rounding=ROUND_HALF_EVEN).create_decimal(money["amount"])
    return f"{'−' if amount < 0 else ''}${abs(amount).normalize():,f}"
