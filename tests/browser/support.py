"""A browser, and what the page should show: computed here once more, from the API's answers."""

import atexit
import functools
import json
import os
import unittest
import urllib.request
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from urllib.parse import quote, urlencode

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import TimeoutError, sync_playwright

from servers import demo

# The first question about past months computes all of them, which takes long where other tests run beside.
PATIENCE_SECONDS = 120
SHOWN = "#view:not([aria-busy])"
# Whether a chart has more than a few shades, seen on a small copy: Chromium warns where a chart's own canvas is read back
# often.
IS_PAINTED = """(canvas) => {
    const copy = new OffscreenCanvas(canvas.width / 2, canvas.height / 2);
    const context = copy.getContext('2d', { willReadFrequently: true });
    context.drawImage(canvas, 0, 0, copy.width, copy.height);
    return new Set(context.getImageData(0, 0, copy.width, copy.height).data).size > 20;
}"""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@functools.cache
def browser():
    """One browser for all tests of a process."""
    playwright = sync_playwright().start()
    chromium = playwright.chromium.launch(
        executable_path=os.environ["PAGE_TEST_CHROMIUM"],
        # A browser run by root, as in containers, has no sandbox of its own.
        chromium_sandbox=os.geteuid() != 0,
    )
    atexit.register(playwright.stop)
    atexit.register(chromium.close)
    return chromium


@functools.cache
def shared_context(**options):
    """One context for all pages of a kind: it keeps the page's files, as a user's browser does. The page stores things in
    the tab alone; only logins leave cookies."""
    return browser().new_context(accept_downloads=True, **options)


class Case(unittest.TestCase):
    """A test with a server and a browser. Whatever it does, the browser must not complain and must ask nobody
    but the server."""

    server = None
    # Whether each page has a browser profile of its own, without files and cookies of earlier ones.
    has_own_profiles = False

    @classmethod
    def start(cls):
        return demo()

    @classmethod
    def setUpClass(cls):
        cls.server = cls.start()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def setUp(self):
        self.complaints = []
        self.expected_complaints = ()
        self.page = self.new_page()

    def tearDown(self):
        unexpected = [
            text
            for text in self.complaints
            if not any(expected in text for expected in self.expected_complaints)
        ]
        self.assertEqual(unexpected, [])

    def new_page(self, width=1440, height=900, scheme="light", motion=False, touch=False, is_first_visit=False):
        """A page whose complaints are heard. Without motion, charts stand still when they appear."""
        options = {"color_scheme": scheme, "reduced_motion": "no-preference" if motion else "reduce", "has_touch": touch}
        if self.has_own_profiles or is_first_visit:
            context = browser().new_context(accept_downloads=True, **options)
            self.addCleanup(context.close)
        else:
            context = shared_context(**options)
        page = context.new_page()
        self.addCleanup(page.close)
        page.set_viewport_size({"width": width, "height": height})
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
        (page or self.page).wait_for_selector(SHOWN, timeout=1000 * PATIENCE_SECONDS)

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
        yield "clean-up", {"view": "cleanup"}
        yield "clean-up by two rules", {"view": "cleanup", "keep_newest": "3", "older_than": "60d"}
        yield "plan", {"view": "plan"}
        yield "plan within days", {"view": "plan", "effort": "2", "waves": "2"}
        yield "what if", {"view": "what-if"}
        yield "what if with a choice", {"view": "what-if", "switch": "chosen", "days": "1", "rate": "800", "pulls": "-5"}
        yield "crawls", {"view": "crawls"}
        row = self.api("/v1/savings", limit=1)["items"][0]
        place = {"of": row["registry"], "repository": row["repository"]}
        yield "repository", {"view": "repository", **place}
        images = self.api(f"{self.repository_path(row)}/images", limit=1000)["items"]
        yield "image", {"view": "image", **place, "digest": images[0]["digest"]}
        yield "compared images", {"view": "compare", **place, "digest": images[0]["digest"], "with": images[-1]["digest"]}

    def until(self, locator, script, complaint, seconds=5):
        """Waits until a script says yes to an element."""
        try:
            locator.page.wait_for_function(f"(element) => ({script})(element)", arg=locator.element_handle(), timeout=1000 * seconds)
        except TimeoutError:
            self.fail(complaint)

    def check_fits(self, page, where):
        """The page is not wider than the screen, as soon as its charts have followed a change of size."""
        body = page.locator("body")
        self.until(body, "() => document.documentElement.scrollWidth <= innerWidth", f"{where}: wider than the screen")

    def check_painted(self, canvas, complaint):
        self.until(canvas, IS_PAINTED, complaint)

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

    def check_accessibility(self, page, where, **options):
        """Axe finds nothing that it calls serious or critical."""
        if page.evaluate("() => !globalThis.axe"):
            page.evaluate(AXE_SCRIPT)
        found = page.evaluate("(options) => axe.run(document, options)", {"resultTypes": ["violations"], **options})
        grave = [
            (rule["id"], rule["help"], [node["html"] for node in rule["nodes"]][:3])
            for rule in found["violations"]
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
