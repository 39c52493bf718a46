"""Crawls: what is queued, running, cancelled and finished is shown as it is, without a reload."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from support import Server
from test_strangers import Crawled, tare


class Silent(BaseHTTPRequestHandler):
    """A registry that takes requests and does not answer until it is released."""

    released = threading.Event()

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.released.wait(120)
        self.send_error(503)

    do_HEAD = do_GET


class Cancelled(Crawled):
    """The registry hangs after its first crawl."""

    @classmethod
    def prepare(cls, folder):
        (registry,) = [line for line in tare(folder, "report", "--format", "csv").splitlines()[1:2]]
        port = int(registry.split(",")[0].split(":")[1])
        cls.silent = ThreadingHTTPServer(("127.0.0.1", port), Silent)
        cls.silent.daemon_threads = True
        threading.Thread(target=cls.silent.serve_forever, daemon=True).start()

    @classmethod
    def tearDownClass(cls):
        Silent.released.set()
        cls.silent.shutdown()
        cls.silent.server_close()
        super().tearDownClass()

    def test_a_crawl_that_hangs_is_cancelled(self):
        self.open(view="crawls")
        self.page.get_by_text("no schedule").wait_for()
        self.page.get_by_role("button", name="Crawl now").click()
        running = self.page.locator("section", has_text="Not finished").locator(".crawl")
        running.get_by_text("Running").wait_for(timeout=30_000)
        self.check_accessibility(self.page, "a crawl that runs")
        running.get_by_role("button", name="Cancel").click()
        latest = self.page.locator('table:has(caption:text("Latest")) tbody tr').first
        latest.filter(has_text="Cancelled").wait_for(timeout=60_000)
        self.assertEqual(running.count(), 0)
        self.page.get_by_role("button", name="Crawl now").wait_for()


class Unable(Crawled):
    """A process that answers and does not crawl."""

    @classmethod
    def start(cls):
        super().start().stop()
        folder = cls.folder.name
        return Server("--config", f"{folder}/tare.toml", "--data-dir", f"{folder}/store", "serve", "--role", "api")

    def test_the_button_is_grey_and_says_why(self):
        self.open(view="crawls")
        button = self.page.get_by_role("button", name="Crawl now")
        self.assertTrue(button.is_disabled())
        (registry,) = self.api("/v1/registries")["items"]
        reason = registry["crawl_now"]["reason"]
        self.assertIn(reason, self.page.locator("#view").inner_text())
        self.assertEqual(self.page.evaluate("(id) => document.getElementById(id).innerText", button.get_attribute("aria-describedby")), reason)
        self.assertEqual(self.page.get_by_role("progressbar").count(), 0)


class Finished(Crawled):
    """The registry answers again while the page is open."""

    def test_a_crawl_that_another_started_appears_without_a_reload(self):
        self.open(view="crawls")
        (registry,) = self.api("/v1/registries")["items"]
        before = self.page.locator('table:has(caption:text("Latest")) tbody tr').count()
        self.assertEqual(before, 1)
        self.api("/v1/crawls", {"registry": registry["registry"]})
        rows = self.page.locator('table:has(caption:text("Latest")) tbody tr')
        rows.nth(1).wait_for(timeout=60_000)
        # Nobody answers at its address any more, so it fails; the page says so by itself.
        rows.first.filter(has_text="Failed").wait_for(timeout=60_000)
        self.assertEqual(self.page.locator(".crawl").count(), 0)
