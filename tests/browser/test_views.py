"""Each view shows the figures that the API gives, and does what it offers to do."""

import csv
import os
import re
from datetime import datetime, timezone
from decimal import Decimal

from support import Case, rough_money, shown_bytes, shown_money

VIEWS = {
    "overview": {},
    "repositories": {"view": "repositories"},
    "savings": {"view": "savings"},
    "cost-centres": {"view": "centres"},
    "what-if": {"view": "what-if"},
    "crawls": {"view": "crawls"},
}
FIRST_VISIT = """() => ({
    paint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime,
    figures: performance.getEntriesByName('tare-figures')[0].startTime,
    all: performance.getEntriesByName('tare-shown')[0].startTime,
    bytes: [...performance.getEntriesByType('resource'), ...performance.getEntriesByType('navigation')]
        .reduce((sum, { transferSize }) => sum + transferSize, 0),
})"""
SCREENSHOTS = os.path.join(os.path.dirname(__file__), "screenshots")


class Overview(Case):
    def test_overview_shows_the_registry_now_and_on_alpine(self):
        self.open()
        (registry,) = self.api("/v1/registries")["items"]
        text = self.page.locator(".cards").inner_text()
        cost = registry["cost"]
        is_guess = Decimal(cost["assumed_pulls_share"]) >= Decimal("0.01")
        for figure in (
            rough_money(cost["month"]) if is_guess else shown_money(cost["month"]),
            shown_bytes(registry["stored_bytes"]),
            rough_money(cost["alpine"]["month"]["expected"]),
            rough_money(cost["alpine"]["saving"]["expected"]),
            rough_money(cost["alpine"]["saving"]["low"]),
            rough_money(cost["alpine"]["saving"]["high"]),
            cost["price_book"]["title"],
            f"of {registry['repositories']}",
        ):
            self.assertIn(figure, text)
        saving = Decimal(cost["alpine"]["saving"]["expected"]["amount"])
        share = re.search(r"a month · (−?[\d.]+)\xa0%", text)[1].replace("−", "-")
        self.assertAlmostEqual(float(share), float(100 * saving / Decimal(cost["month"]["amount"])), delta=0.5)
        self.assertIn(cost["price_book"]["version"], self.page.locator("#provenance").inner_text())

    def test_cards_say_what_drives_the_bill_how_old_it_is_and_which_plan_is_cheaper(self):
        self.open()
        (registry,) = self.api("/v1/registries")["items"]
        cost = registry["cost"]
        cards = self.page.locator(".cards")
        driver = max(("fee", "storage", "transfer"), key=lambda part: Decimal(cost[part]["amount"]))
        share = 100 * Decimal(cost[driver]["amount"]) / Decimal(cost["month"]["amount"])
        self.assertIn(f"{share:.0f}\xa0% {driver.replace('fee', 'flat fee')}", cards.inner_text())
        plan = cost["cheaper_plan"]
        self.assertIn(f"{plan['title']} saves {shown_money(plan['saving'])} a month", cards.inner_text())
        age = datetime.now(timezone.utc) - datetime.fromisoformat(registry["as_of"])
        self.assertEqual(self.page.locator(".card.warning").count(), int(age.days >= 1))
        explained = self.page.locator(".card", has_text="Saving")
        explained.locator("summary").click()
        saving = cost["alpine"]["saving"]["expected"]
        self.assertIn(f"{saving['amount']} {saving['currency']}", explained.inner_text())

    def test_each_card_explains_itself_by_keyboard(self):
        self.open()
        summary = self.page.locator(".card summary").first
        summary.focus()
        self.page.keyboard.press("Enter")
        month = self.api("/v1/registries")["items"][0]["cost"]["month"]
        exact = self.page.locator(".card details[open]").inner_text()
        self.assertIn(f"{month['amount']} {month['currency']}", exact)

    def test_months_stand_in_a_table_and_a_file_too(self):
        self.open()
        history = self.api("/v1/history")
        months = sorted({point["as_of"][:7] for point in history["items"]})
        self.page.locator("figure summary").first.click()
        rows = self.rows("figure table")
        self.assertEqual(len(rows), len(months) + len(history["forecast"]))
        last = history["items"][-1]
        self.assertEqual(rows[len(months) - 1][4], shown_money(last["cost"]["month"]))
        self.assertTrue(rows[-1][0].endswith("(forecast)"))
        self.assertEqual(rows[-1][4], shown_money(history["forecast"][-1]["expected"]))
        with self.page.expect_download() as download:
            self.page.locator("figure button.csv").click()
        with open(download.value.path(), newline="") as file:
            written = list(csv.DictReader(file))
        self.assertEqual([row["Month"] for row in written][: len(months)], months)
        self.assertEqual(written[len(months) - 1]["Total"], last["cost"]["month"]["amount"])
        self.page.get_by_role("link", name="Bytes").click()
        self.settle()
        self.page.get_by_role("heading", name="Stored bytes by month").wait_for()
        self.page.locator("figure summary").first.click()
        self.assertIn(shown_bytes(last["stored_bytes"]), self.rows("figure table")[-1])

    def test_budgets_stand_beside_what_is_spent(self):
        self.open()
        budget = shown_money(self.api("/v1/history")["budgets"][0])
        self.assertIn(f"The budget is {budget} a month", self.page.locator("figure").inner_text())
        self.page.locator("figure summary").first.click()
        self.assertTrue(all(row[-1] == budget for row in self.rows("figure table")))
        self.open(view="centres", by="cost_centre")
        rows = {row[0]: row for row in self.rows()}
        for group in self.api("/v1/summary", group_by="cost_centre")["items"]:
            for money in group["budgets"]:
                self.assertIn(shown_money(money), [cell.split("\n")[0] for cell in rows[group["key"]]])
        self.assertIn(budget, [cell.split("\n")[0] for cell in self.totals()])
        self.open(view="centres", by="team")
        self.assertNotIn("Budget", self.page.locator("thead").inner_text())


class Views(Case):
    def test_a_chart_is_drawn(self):
        for parameters in (VIEWS["overview"], VIEWS["savings"], VIEWS["cost-centres"]):
            self.open(**parameters)
            canvas = self.page.locator("figure canvas")
            self.assertTrue(canvas.get_attribute("aria-label"))
            self.check_painted(canvas, f"an empty chart in {parameters}")

    def test_repositories_are_listed_with_their_totals(self):
        self.open(**VIEWS["repositories"])
        answer = self.api("/v1/repositories", sort="-cost_saving")
        rows = self.rows()
        self.assertEqual(
            [row[0].split("\n")[0] for row in rows], [row["repository"] for row in answer["items"]]
        )
        first = answer["items"][0]
        self.assertIn(shown_bytes(first["attributed_bytes"]), rows[0])
        self.assertIn(shown_money(first["cost"]["month"]), rows[0])
        totals = self.totals()
        self.assertIn(shown_bytes(answer["totals"]["attributed_bytes"]), totals)
        self.assertIn(shown_money(self.api("/v1/registries")["items"][0]["cost"]["month"]), totals)

    def test_repositories_come_in_the_order_in_which_to_move_them_and_the_page_says_so(self):
        self.open(**VIEWS["repositories"])
        best = [row["repository"] for row in self.api("/v1/savings", limit=10)["items"]]
        self.assertEqual(self.names()[:10], best)
        self.page.locator("#view").get_by_text("Sorted by “Saving”, largest first: the order in which to move them.").wait_for()
        self.assertEqual(self.page.locator("thead th", has_text="Saving").get_attribute("aria-sort"), "descending")

    def test_repositories_are_sorted_by_their_headers(self):
        self.open(**VIEWS["repositories"])
        for title, ascending, descending in (
            ("Repository", "name", "-name"),
            ("Per month", "cost", "-cost"),
            ("Saving", "cost_saving", "-cost_saving"),
            ("Freed", "saving", "-saving"),
            ("Exclusive", "exclusive", "-exclusive"),
        ):
            header = self.page.locator("thead th", has_text=title)
            for _ in range(2):
                header.locator("button").focus()
                self.page.keyboard.press("Enter")
                self.settle()
                direction = header.get_attribute("aria-sort")
                expected = self.api(
                    "/v1/repositories", sort=ascending if direction == "ascending" else descending
                )
                self.assertEqual(
                    self.names(), [row["repository"] for row in expected["items"]], f"{title} {direction}"
                )
                self.page.locator("#view").get_by_text(f"Sorted by {'name' if ascending == 'name' else f'“{title}”'}, ").wait_for()
                focused = self.page.evaluate("() => document.activeElement.closest('th')?.innerText ?? ''")
                self.assertIn(title, focused, "the focus stays where it was")

    def names(self):
        return [row[0].split("\n")[0] for row in self.rows()]

    def test_repositories_are_found_and_the_address_keeps_the_search(self):
        self.open(**VIEWS["repositories"])
        before = self.names()
        self.page.get_by_label("Search by name").type("shop/")
        self.page.wait_for_url(re.compile("search=shop"))
        self.settle()
        found = [row["repository"] for row in self.api("/v1/repositories", search="shop/", sort="-cost_saving")["items"]]
        self.assertTrue(0 < len(found) < len(before))
        self.assertEqual(self.names(), found)
        self.page.reload()
        self.settle()
        self.assertEqual(self.names(), found)
        self.assertEqual(self.page.get_by_label("Search by name").input_value(), "shop/")
        self.page.get_by_label("Verdict").select_option("blocked")
        self.page.wait_for_url(re.compile("verdict=blocked"))
        self.settle()
        self.assertEqual(
            self.names(),
            [
                row["repository"]
                for row in self.api("/v1/repositories", search="shop/", verdict="blocked", sort="-cost_saving")["items"]
            ]
            or ["No repository matches."],
        )

    def test_a_repository_opens_to_base_layers_and_tags(self):
        row = next(
            row for row in self.api("/v1/repositories", sort="-saving")["items"] if row["verdict"] == "switch"
        )
        self.open(**VIEWS["repositories"])
        self.page.get_by_role("link", name=row["repository"], exact=True).click()
        self.page.get_by_role("heading", name="tags").wait_for()
        path = self.repository_path(row)
        digest = self.api(path)["representative_image"]["digest"]
        image = self.api("{}/{}".format(path.replace("/v1/repositories", "/v1/images"), digest))
        text = self.page.locator("#view").inner_text()
        for shown in (
            row["reason"],
            image["digest"],
            image["base"]["runtime"] or image["base"]["name"],
            f"Confidence: {image['base']['confidence']} %",
            f"{len(image['layers'])} layers",
            shown_bytes(image["alpine"]["bytes"]["expected"]),
        ):
            self.assertIn(shown, text)
        layers = self.rows('table:has(caption:text("Layers"))')
        self.assertEqual(layers[0][2], shown_bytes(image["layers"][0]["bytes"]))
        tags = self.rows('table:has(caption:text("Tags of"))')
        self.assertEqual(len(tags), row["tags"])
        self.page.go_back()
        self.page.get_by_role("heading", name="Repositories").wait_for()

    def test_savings_are_ranked_and_add_up(self):
        self.open(**VIEWS["savings"])
        switching = [
            row for row in self.api("/v1/savings", limit=1000)["items"] if row["verdict"] == "switch"
        ]

        def saved(row):
            return Decimal(row["cost"]["alpine"]["joint_saving"]["expected"]["amount"])

        gains = [row for row in switching if saved(row) >= Decimal("0.005")]
        best = max(switching, key=saved)
        self.page.locator("figure summary").first.click()
        rows = self.rows("figure table")
        self.assertEqual(
            rows[0][:2], [best["repository"], shown_money({"amount": saved(best), "currency": "USD"})]
        )
        self.assertEqual(rows[-1][2], "100 %")
        everything = sum(map(saved, switching))
        self.assertIn(shown_money({"amount": everything, "currency": "USD"}), self.totals("figure table"))
        details = "#view section:has(> .table) table"
        self.assertEqual(len(self.rows(details)), len(gains))
        fold = self.page.get_by_role("button", name=f"{len(switching) - len(gains)} more save nothing")
        nothing = self.page.locator(f"{details} tbody").last
        self.assertFalse(nothing.is_visible())
        fold.click()
        self.assertTrue(nothing.is_visible())
        self.assertEqual(nothing.locator("tr").count(), len(switching) - len(gains))

    def test_cost_centres_add_up_with_what_is_nobodys(self):
        for by in ("team", "cost_centre", "environment", "base", "verdict"):
            self.open(view="centres", by=by)
            answer = self.api("/v1/summary", group_by=by)
            rows = self.rows()
            self.assertEqual(len(rows), len(answer["items"]))
            self.assertIn(shown_money(answer["totals"]["costs"][0]["month"]), self.totals())
            for group in answer["items"]:
                cells = next(row for row in rows if shown_money(group["costs"][0]["month"]) in row)
                self.assertTrue(cells)
        self.open(view="centres", by="team")
        self.assertIn("unassigned", [row[0] for row in self.rows()])

    def test_the_keyboard_reaches_the_content_first(self):
        self.open(**VIEWS["repositories"])
        self.page.keyboard.press("Tab")
        self.assertEqual(self.page.evaluate("() => document.activeElement.innerText"), "Skip to content")
        self.page.keyboard.press("Enter")
        self.assertEqual(self.page.evaluate("() => document.activeElement.id"), "main")

    def test_an_address_that_makes_no_sense_does_no_harm(self):
        for parameters in ({"view": "constructor"}, {"view": "centres", "by": "toString"}):
            self.open(**parameters)
            self.assertEqual(self.page.locator(".alert[role=alert]").count(), 0, parameters)
        self.expected_complaints = ("404", "400")
        self.open(view="repository", of="nowhere", repository="nothing")
        self.page.get_by_role("alert").wait_for()
        self.open(view="repositories", sort="<b>sideways</b>")
        self.page.get_by_role("alert").wait_for()

    def test_first_figures_come_within_a_second(self):
        # The best of some visits: whatever else the machine does is no matter of the page.
        visits = []
        for _ in range(3):
            page = self.open(self.new_page(is_first_visit=True))
            page.wait_for_function("() => performance.getEntriesByName('tare-shown').length")
            visits.append(page.evaluate(FIRST_VISIT))
            if visits[-1]["figures"] < 1000:
                break
        print(visits[-1], end=" ")
        self.assertLess(visits[-1]["figures"], 1000)

    def test_screenshots_for_the_readme(self):
        if not os.environ.get("PAGE_TEST_SCREENSHOTS"):
            self.skipTest("taken where PAGE_TEST_SCREENSHOTS is set")
        os.makedirs(SCREENSHOTS, exist_ok=True)
        for name, parameters, (width, height, scheme) in (
            ("overview", {}, (1200, 1416, "light")),
            ("savings", VIEWS["savings"], (1200, 700, "light")),
            ("repositories-dark", VIEWS["repositories"], (1200, 700, "dark")),
        ):
            page = self.new_page(width, height, scheme)
            self.open(page, **parameters)
            page.wait_for_timeout(300)
            page.screenshot(path=os.path.join(SCREENSHOTS, f"{name}.png"))
