"""Crawls: what is queued, running, cancelled and finished is shown as it is, without a reload."""

import csv
import threading
import time
from http.server import ThreadingHTTPServer

import hostile_registry
from support import Server
from test_strangers import Crawled, tare


class Slow(hostile_registry.Handler):
    """A registry that takes two seconds for each answer."""

    def do_GET(self):
        time.sleep(2)
        super().do_GET()

    do_HEAD = do_GET


class Cancelled(Crawled):
    """The registry is slow after its first crawl."""

    @classmethod
    def prepare(cls, folder):
        (name,) = {row["registry"] for row in csv.DictReader(tare(folder, "report", "--format", "csv").splitlines())}
        cls.slow = ThreadingHTTPServer(("127.0.0.1", int(name.split(":")[1])), Slow)
        cls.slow.daemon_threads = True
        threading.Thread(target=cls.slow.serve_forever, daemon=True).start()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.slow.shutdown()
        cls.slow.server_close()

    def test_a_crawl_that_takes_long_is_cancelled(self):
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
    """A registry that still answers."""

    keeps_registry = True

    def test_a_crawl_that_another_started_appears_without_a_reload(self):
        self.open(view="crawls")
        (registry,) = self.api("/v1/registries")["items"]
        rows = self.page.locator('table:has(caption:text("Latest")) tbody tr')
        self.assertEqual(rows.count(), 1)
        self.api("/v1/crawls", {"registry": registry["registry"]})
        rows.nth(1).wait_for(timeout=60_000)
        rows.first.filter(has_text="Complete").wait_for(timeout=60_000)
        self.assertEqual(self.page.locator(".crawl").count(), 0)
