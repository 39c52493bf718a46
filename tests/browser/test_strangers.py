"""What strangers wrote stays text, and strangers without a key see nothing."""

import subprocess
import tempfile

import hostile_registry
from support import PROGRAM, Case, Server

SETTINGS = """
[crawl]
team_label = "com.example.team"
cost_centre_label = "com.example.cost-centre"
environment_label = "com.example.environment"
"""


def tare(folder, *arguments):
    """Runs a command on a store of its own; what it prints."""
    done = subprocess.run(
        [PROGRAM, "--quiet", "--config", f"{folder}/tare.toml", "--data-dir", f"{folder}/store", *arguments],
        capture_output=True,
        text=True,
        timeout=300,
    )
    if done.returncode not in (0, 3):
        raise AssertionError(f"{arguments}: {done.stderr}")
    return done.stdout


class Crawled(Case):
    """A server over a store into which a hostile registry was crawled."""

    settings = SETTINGS
    # Whether the registry answers after its first crawl too.
    keeps_registry = False

    @classmethod
    def prepare(cls, folder):
        pass

    @classmethod
    def start(cls):
        cls.folder = tempfile.TemporaryDirectory()
        folder = cls.folder.name
        with open(f"{folder}/tare.toml", "w") as file:
            file.write(cls.settings)
        cls.registry = hostile_registry.serve()
        try:
            tare(folder, "crawl", f"http://127.0.0.1:{cls.registry.server_address[1]}")
        finally:
            if not cls.keeps_registry:
                cls.stop_registry()
        cls.prepare(folder)
        return Server("--config", f"{folder}/tare.toml", "--data-dir", f"{folder}/store", "serve")

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        if cls.keeps_registry:
            cls.stop_registry()
        cls.folder.cleanup()

    @classmethod
    def stop_registry(cls):
        cls.registry.shutdown()
        cls.registry.server_close()


class Hostile(Crawled):
    def test_names_labels_and_steps_are_text(self):
        views = [{"view": view} for view in ("overview", "repositories", "savings", "what-if", "crawls")]
        views += [{"view": "centres", "by": by} for by in ("team", "cost_centre", "environment", "base")]
        for row in self.api("/v1/repositories")["items"]:
            views.append({"view": "repository", "of": row["registry"], "repository": row["repository"]})
        for width in (1440, 1100, 390):
            page = self.new_page(width)
            for parameters in views:
                self.open(page, **parameters)
                self.assertEqual(page.locator("#view script, #view img, #view svg").count(), 0, parameters)
                self.assertEqual(page.locator("[role=alert]").count(), 0, parameters)
                wide = page.evaluate("() => document.documentElement.scrollWidth")
                self.assertLessEqual(wide, width, f"{parameters} at {width}")

    def test_they_are_shown_as_they_are_written(self):
        self.open(view="repositories")
        self.assertEqual(
            sorted(row[0].split("\n")[0] for row in self.rows()), sorted(hostile_registry.REPOSITORIES)
        )
        self.assertIn(hostile_registry.IMAGE, self.page.locator("#view").inner_text())
        (registry, *_) = self.api("/v1/registries")["items"]
        self.open(view="repository", of=registry["registry"], repository="constructor/prototype")
        text = self.page.locator("#view").inner_text()
        self.assertIn(hostile_registry.SCRIPT, text)
        self.assertIn(hostile_registry.TAG, text)
        self.assertNotIn("x" * 300, text, "a step of pages is shortened")
        for label in hostile_registry.LABELS.values():
            isolated = self.page.locator("bdi").all_inner_texts()
            self.assertIn(label, isolated)

    def test_without_a_price_book_it_shows_bytes_and_says_how_to_set_one(self):
        self.open()
        cards = self.page.locator(".cards").inner_text()
        self.assertIn("GiB" if "GiB" in cards else "MiB", cards)
        self.assertNotIn("$", cards)
        self.page.locator(".card summary", has_text="Price book").click()
        self.assertIn("price_book =", self.page.locator(".card pre").inner_text())


class Locked(Crawled):
    """The same server, which asks for a key."""

    settings = SETTINGS + '[serve]\naccess = "keys"\n'

    @classmethod
    def prepare(cls, folder):
        cls.key = tare(folder, "key", "create", "browser", "--scope", "read").strip().splitlines()[-1]

    def test_a_key_is_asked_for_once_and_kept_while_the_tab_is_open(self):
        # The browser itself tells of each refused request.
        self.expected_complaints = ("401",)
        self.page.goto(self.server.url)
        dialog = self.page.get_by_role("dialog")
        dialog.get_by_label("Key").fill("wrong")
        dialog.get_by_role("button", name="Use this key").click()
        dialog.get_by_text("The key was refused").wait_for()
        self.check_accessibility(self.page, "the question for a key")
        dialog.get_by_label("Key").fill(self.key)
        self.page.keyboard.press("Enter")
        self.page.locator(".cards").wait_for()
        self.settle()
        self.page.reload()
        self.settle()
        self.assertEqual(dialog.count(), 0)
        self.assertIn("repositories", self.page.locator(".cards").inner_text())
        self.assertNotIn(self.key, self.page.url)
        self.open(view="repositories")
        with self.page.expect_download() as download:
            self.page.locator("a.csv").click()
        with open(download.value.path()) as file:
            self.assertIn("constructor/prototype", file.read())

    def test_whoever_cancels_sees_no_figures(self):
        self.expected_complaints = ("401",)
        self.page.goto(self.server.url)
        self.page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
        self.page.get_by_role("alert").get_by_text("A key is needed").wait_for()
        self.assertEqual(self.page.locator(".cards").count(), 0)
