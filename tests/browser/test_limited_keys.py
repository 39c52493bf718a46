"""With a key for one cost centre, every view shows its figures and no others."""

import json
import tempfile
import urllib.request
from decimal import Decimal

from servers import Server, demo_store, tare
from support import Case, rough_money, shown_bytes, shown_money

CENTRE = "CC-1100"
VIEWS = ("overview", "repositories", "savings", "centres", "what-if", "crawls")


class Limited(Case):
    """The demo's figures on a server that asks for a key."""

    @classmethod
    def start(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        store = demo_store(cls.folder.name)
        cls.key = tare(*store, "key", "create", "shop", "--cost-centre", CENTRE).split()[-1]
        return Server(*store, "serve", "--role", "api", environment={"TARE_SERVE_ACCESS": "keys"})

    def new_page(self, *arguments, **options):
        page = super().new_page(*arguments, **options)
        page.add_init_script(f"sessionStorage.setItem('tare-key', {json.dumps(self.key)})")
        return page

    def api(self, path):
        request = urllib.request.Request(
            f"{self.server.url}{path}", headers={"authorization": f"Bearer {self.key}"}
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer, parse_float=Decimal)

    def test_every_view_shows_the_part_that_the_key_is_for(self):
        rows = self.api("/v1/repositories?limit=1000")["items"]
        self.assertEqual({row["labels"]["cost_centre"] for row in rows}, {CENTRE})
        pages = [{"view": view} for view in VIEWS]
        pages += [{"view": "centres", "by": by} for by in ("cost_centre", "base", "registry")]
        pages += [{"view": "overview", "measure": "bytes"}]
        pages += [{"view": "repository", "of": rows[0]["registry"], "repository": rows[0]["repository"]}]
        for parameters in pages:
            self.open(**parameters)
            self.assertEqual(self.page.get_by_role("alert").count(), 0, parameters)
            self.assertGreater(self.page.locator("#view table, #view .cards").count(), 0, parameters)

    def test_the_overview_says_that_it_is_a_part_and_adds_up(self):
        rows = self.api("/v1/repositories?limit=1000")["items"]
        self.open()
        self.assertIn("limited to some cost centres", self.page.locator("#notes").inner_text())
        cards = self.page.locator(".cards").inner_text()
        month = sum(Decimal(row["cost"]["month"]["amount"]) for row in rows)
        self.assertIn(rough_money({"amount": month, "currency": "USD"}), cards)
        self.assertIn(shown_bytes(sum(row["attributed_bytes"] for row in rows)), cards)
        self.assertIn(f"of {len(rows)}", cards)
        self.page.locator("figure summary").first.click()
        last = self.api("/v1/history")["items"][-1]
        self.assertIn(shown_money(last["cost"]["month"]), [cell for row in self.rows("figure table") for cell in row])

    def test_what_if_moves_its_own_figures(self):
        self.open(view="what-if", pulls="0")
        figure = self.page.locator('[data-figure="Cost a month"]')
        self.assertEqual(figure.count(), 1)
        self.assertNotIn("–", figure.inner_text())
