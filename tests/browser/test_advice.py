"""What to do first: the headline, the order of repositories, and what each of them is worth."""

from decimal import Decimal

from support import Case, shown_bytes, shown_money

WORTHS = {
    "worth_it": "worth it",
    "saves_nothing": "smaller, but saves nothing",
    "saves_too_little": "saves too little",
    "pays_back_too_late": "pays back too late",
}
DETAILS = "#view section:has(> .table) table"


def saved(row):
    return Decimal(row["cost"]["alpine"]["joint_saving"]["expected"]["amount"])


class Advice(Case):
    def savings(self, **parameters):
        return self.api("/v1/savings", limit=1000, **parameters)

    def test_the_headline_comes_first_and_leads_on(self):
        self.open()
        headline = self.api("/v1/summary")["headline"]
        first = self.page.locator("#view section").first
        shown = " ".join(first.locator("h2, p:not(.tools):not(.muted)").all_inner_texts())
        self.assertEqual(shown, headline["text"])
        self.assertEqual(first.locator("p.muted").inner_text(), headline["arrival"]["text"])
        first.get_by_role("link", name=f"See the {headline['repositories']}").click()
        self.page.get_by_role("heading", name="Savings").wait_for()
        self.page.go_back()
        self.settle()
        plan = headline["cheaper_plans"][0]
        self.page.get_by_role("link", name="Try the cheaper plan").click()
        self.page.wait_for_url(lambda url: f"book={plan['book']}" in url)
        self.settle()
        (registry,) = self.api("/v1/whatif", {"price_book": plan["book"]})["registries"]
        self.assertEqual(
            self.page.locator('[data-figure="Cost a month"]').inner_text(), shown_money(registry["cost"]["month"])
        )

    def test_assumed_pulls_are_said_in_the_warning_colour(self):
        (registry,) = self.api("/v1/registries")["items"]
        share = 100 * Decimal(registry["cost"]["assumed_pulls_share"])
        self.assertGreater(share, 1, "the demo's pulls are assumed")
        self.open()
        warnings = self.page.locator(".warning-text").all_inner_texts()
        self.assertTrue(any(f"{share:.0f}\xa0% of the bill" in text for text in warnings), warnings)
        self.assertTrue(any("tare pulls import" in text for text in warnings), warnings)

    def test_savings_are_in_the_order_of_the_api(self):
        for measure, sort in (("cost", {}), ("bytes", {"sort": "-saving"})):
            self.open(view="savings", measure=measure)
            expected = [row["repository"] for row in self.savings(**sort)["items"]]
            shown = [cells[0].split("\n")[0] for cells in self.rows(DETAILS)]
            self.assertGreaterEqual(len(shown), 10)
            self.assertEqual(shown, expected[: len(shown)], measure)

    def test_savings_add_up_to_the_overview(self):
        (registry,) = self.api("/v1/registries")["items"]
        self.open(view="savings")
        self.page.locator("figure summary").first.click()
        self.assertIn(shown_money(registry["cost"]["alpine"]["saving"]["expected"]), self.totals("figure table"))
        self.open(view="savings", measure="bytes")
        self.page.locator("figure summary").first.click()
        self.assertIn(shown_bytes(registry["alpine"]["saving_bytes"]["expected"]), self.totals("figure table"))
        behind = self.savings()["stays_behind"]
        rows = {cells[0]: cells for cells in self.rows("figure table")}
        self.assertEqual(rows["stays behind"][1], shown_bytes(behind["saving_bytes"]))

    def test_each_row_says_whether_it_is_worth_it_and_how_sure_it_is(self):
        self.open(view="savings")
        rows = self.savings()["items"]
        self.page.locator("button.fold").click()
        lines = self.page.locator(f"{DETAILS} tbody tr:has(th)")
        self.assertEqual(lines.count(), len(rows))
        for at, row in enumerate(rows):
            marks = lines.nth(at).locator(".marks .verdict").all_inner_texts()
            expected = [WORTHS[row["worth"]]] + (["try one build first"] if row["confidence"] == "low" else [])
            self.assertEqual(marks, expected, row["repository"])

    def test_rows_say_from_which_base_to_which_and_the_size_before_and_after(self):
        self.open(view="savings")
        headers = self.page.locator(f"{DETAILS} thead th").all_inner_texts()
        self.assertEqual(headers[1:5], ["From", "To", "Now", "Then"])
        for cells, row in zip(self.rows(DETAILS), self.savings()["items"], strict=False):
            change = row["base_change"]
            sizes = change["then_bytes"]
            self.assertEqual(cells[1:4], [change["from"], change["to"], shown_bytes(change["now_bytes"])])
            span = f"{shown_bytes(sizes['low'])} to {shown_bytes(sizes['high'])}"
            is_measured = sizes["low"] == sizes["high"]
            self.assertEqual(cells[4].split("\n"), [shown_bytes(sizes["expected"]), "measured" if is_measured else span])

    def test_repositories_are_filtered_by_how_sure_they_are(self):
        for view, path in (("repositories", "/v1/repositories"), ("savings", "/v1/savings")):
            for confidence in ("high", "low"):
                expected = self.api(path, confidence=confidence, limit=1000)["items"]
                self.open(view=view)
                self.page.get_by_label("How sure").select_option(confidence)
                self.page.wait_for_url(lambda url, confidence=confidence: f"confidence={confidence}" in url)
                self.settle()
                if not expected:
                    continue
                folds = self.page.locator("button.fold")
                if folds.count():
                    folds.click()
                tables = self.page.locator("#view .table").last
                self.assertEqual(tables.locator("tbody tr:has(th)").count(), len(expected), f"{view} {confidence}")
