"""What strangers wrote stays text, and strangers without a key see nothing."""

import tempfile

import hostile_registry
from servers import Server, hostile_store, tare
from support import Case


class Hostile(Case):
    @classmethod
    def start(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        return Server(*hostile_store("", cls.folder.name), "serve")

    def test_names_labels_and_steps_are_text(self):
        views = [{"view": view} for view in ("overview", "repositories", "savings", "what-if", "crawls")]
        views += [{"view": "centres", "by": by} for by in ("team", "cost_centre", "environment", "base")]
        for row in self.api("/v1/repositories")["items"]:
            views.append({"view": "repository", "of": row["registry"], "repository": row["repository"]})
        page = self.page
        for parameters in views:
            self.open(**parameters)
            self.assertEqual(page.locator("#view script, #view img, #view svg").count(), 0, parameters)
            self.assertEqual(page.locator("[role=alert]").count(), 0, parameters)
            for width in (1440, 1100, 390):
                page.set_viewport_size({"width": width, "height": 900})
                self.check_fits(page, f"{parameters} at {width}")

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
        isolated = self.page.locator("bdi").all_inner_texts()
        for label in hostile_registry.LABELS.values():
            if label == hostile_registry.BACKWARDS:
                # A label with marks that turn text around is no owner: two owners must not look the same.
                self.assertNotIn("\u202e", text)
            else:
                self.assertIn(label, isolated)

    def test_without_a_price_book_it_shows_bytes_and_says_how_to_set_one(self):
        self.open()
        cards = self.page.locator(".cards").inner_text()
        self.assertIn("GiB" if "GiB" in cards else "MiB", cards)
        self.assertNotIn("$", cards)
        self.page.locator(".card summary", has_text="Price book").click()
        self.assertIn("price_book =", self.page.locator(".card pre").inner_text())


class Locked(Case):
    """The same figures on a server that asks for a key."""

    @classmethod
    def start(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        store = hostile_store('[serve]\naccess = "keys"\n', cls.folder.name)
        cls.key = tare(*store, "key", "create", "browser", "--scope", "read").strip().splitlines()[-1]
        return Server(*store, "serve")

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

    def test_without_a_key_no_figures_are_shown(self):
        self.expected_complaints = ("401",)
        self.page.goto(self.server.url)
        self.page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
        self.page.get_by_role("alert").get_by_text("A key is needed").wait_for()
        self.assertEqual(self.page.locator(".cards").count(), 0)
