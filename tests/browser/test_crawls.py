"""Crawls: what is queued, running, cancelled and finished is shown as it is, without a reload."""

import tempfile
import threading

import hostile_registry
from servers import Server, crawl, hostile_store
from support import Case


class Held(hostile_registry.Handler):
    """A registry that can be told to answer no more."""

    answers = threading.Event()

    def do_GET(self):
        if self.answers.is_set():
            return super().do_GET()
        self.answers.wait()
        # The client has left meanwhile.
        self.close_connection = True

    do_HEAD = do_GET


class Crawling(Case):
    """A service that has crawled a registry and can crawl it again."""

    @classmethod
    def start(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.registry = hostile_registry.serve(Held)
        cls.addClassCleanup(cls.registry.server_close)
        cls.addClassCleanup(cls.registry.shutdown)
        Held.answers.set()
        return Server(*crawl(cls.registry, hostile_registry.SETTINGS, cls.folder.name), "serve")

    def setUp(self):
        super().setUp()
        self.before = self.api("/v1/crawls", limit=1)["items"][0]
        self.open(view="crawls")
        self.latest = self.page.locator('table:has(caption:text("Latest")) tbody tr')

    def crawl_now(self):
        return self.page.get_by_role("button", name="Crawl now")

    def wait_until_the_next_is(self, state):
        row = self.latest.filter(has_text=f"#{self.before['id'] + 1}")
        row.filter(has_text=state).wait_for(timeout=60_000)
        newest = self.api("/v1/crawls", limit=1)["items"][0]
        self.assertEqual((newest["id"], newest["state"]), (self.before["id"] + 1, state.lower()))
        self.assertEqual(self.page.locator(".crawl").count(), 0)

    def test_crawls_are_listed_and_a_new_one_is_watched_to_its_end(self):
        first = self.latest.first.locator("th").inner_text()
        self.assertEqual(first.split("\n"), [f"#{self.before['id']}", self.before["registry"]])
        self.page.get_by_text("no schedule").wait_for()
        self.crawl_now().click()
        self.wait_until_the_next_is("Complete")
        self.crawl_now().wait_for()

    def test_a_crawl_that_another_started_appears_without_a_reload(self):
        self.api("/v1/crawls", {"registry": self.before["registry"]})
        self.wait_until_the_next_is("Complete")

    def test_a_crawl_that_takes_long_is_cancelled(self):
        Held.answers.clear()
        self.addCleanup(Held.answers.set)
        self.crawl_now().click()
        running = self.page.locator("section", has_text="Not finished").locator(".crawl")
        running.get_by_text("Running").wait_for(timeout=30_000)
        self.check_accessibility(self.page, "a crawl that runs")
        running.get_by_role("button", name="Cancel").click()
        self.wait_until_the_next_is("Cancelled")
        self.crawl_now().wait_for()


class Unable(Case):
    """A process that answers and does not crawl."""

    @classmethod
    def start(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        return Server(*hostile_store("", cls.folder.name), "serve", "--role", "api")

    def test_the_button_is_grey_and_says_why(self):
        self.open(view="crawls")
        button = self.page.get_by_role("button", name="Crawl now")
        self.assertTrue(button.is_disabled())
        (registry,) = self.api("/v1/registries")["items"]
        reason = registry["crawl_now"]["reason"]
        self.assertIn(reason, self.page.locator("#view").inner_text())
        described_by = button.get_attribute("aria-describedby")
        self.assertEqual(self.page.evaluate("(id) => document.getElementById(id).innerText", described_by), reason)
        self.assertEqual(self.page.get_by_role("progressbar").count(), 0)
