"""On a phone every view is reached, and the figures that matter are among those that are shown."""

from support import Case

PHONE = {"width": 390, "height": 844}
VIEWS = ("overview", "repositories", "savings", "centres", "what-if", "crawls")


class Phone(Case):
    def setUp(self):
        super().setUp()
        self.page = self.new_page(**PHONE)

    def test_every_view_is_in_the_navigation(self):
        self.open()
        links = self.page.locator("#nav a")
        self.assertGreaterEqual(links.count(), len(VIEWS))
        for at in range(links.count()):
            box = links.nth(at).bounding_box()
            self.assertGreaterEqual(box["x"], 0)
            self.assertLessEqual(box["x"] + box["width"], PHONE["width"])

    def test_money_and_payback_are_shown(self):
        self.open(view="repositories")
        self.assertIn("Saving", self.shown_headers("#view table"))
        self.open(view="savings")
        headers = self.shown_headers("#view section:has(> .table) table")
        self.assertIn("Saved a month", headers)
        self.assertIn("Pays back", headers)

    def shown_headers(self, table):
        texts = self.page.locator(f"{table} thead th").all()
        return [header.inner_text().strip("▲▼\n ") for header in texts if header.is_visible()]
