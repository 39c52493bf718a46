"""The what-if view: assumptions change the figures, and what cannot be used is kept and marked."""

import re
from decimal import ROUND_HALF_UP, Decimal

from support import Case, shown_bytes, shown_money


def in_months(months):
    """How the page says when a saving has paid for the work."""
    if months is None:
        return "–"
    if months == "never" or months == "at once":
        return months
    number = Decimal(months)
    if number > 120:
        return "never in 10 years"
    years = (number / 12).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return f"{years} years" if number > 24 else f"{months} months"


def saves(row):
    """Whether a repository saves an amount that is shown."""
    return Decimal(row["cost"]["alpine"]["joint_saving"]["expected"]["amount"]) >= Decimal("0.005")


class WhatIf(Case):
    def test_what_if_moves_the_result(self):
        self.open(view="what-if")
        figure = self.page.locator('[data-figure="Cost a month"]')
        before = figure.inner_text()
        self.page.get_by_label("Number of pulls").select_option("each")
        self.page.get_by_label("Pulls a month").fill("50000")
        self.page.wait_for_url(re.compile("pulls=50000"))
        self.settle()
        asked = {
            "repositories": None,
            "switch": "verdict",
            "pulls_per_month": 50000,
            "cold_share": None,
            "price_book": None,
        }
        (registry,) = self.api("/v1/whatif", body=asked)["registries"]
        self.assertEqual(figure.inner_text(), shown_money(registry["cost"]["month"]))
        self.assertNotEqual(figure.inner_text(), before)
        self.page.get_by_label("Which repositories").select_option("chosen")
        self.page.get_by_label("Choose repositories").fill("shop/**")
        self.page.wait_for_url(re.compile("repositories=shop"))
        self.settle()
        asked.update(repositories=["shop/**"], switch="chosen")
        (registry,) = self.api("/v1/whatif", body=asked)["registries"]
        saving = self.page.locator('[data-figure="Saving a month"]')
        self.assertEqual(saving.inner_text(), shown_money(registry["cost"]["alpine"]["saving"]["expected"]))

    def test_what_if_is_asked_for_another_release_of_alpine(self):
        self.open(view="what-if")
        releases = self.api("/v1/whatif", {})["alpine_releases"]
        field = self.page.get_by_label("Release of Alpine")
        offered = field.locator("option").evaluate_all("(options) => options.map(({value}) => value)")
        self.assertEqual(offered, ["", *reversed(releases)])
        field.select_option(releases[0])
        self.page.wait_for_url(re.compile("release="))
        self.settle()
        answer = self.api("/v1/whatif", {"alpine_release": releases[0]})
        saving = answer["registries"][0]["alpine"]["saving_bytes"]["expected"]
        self.assertEqual(self.page.locator('[data-figure="Freed"]').inner_text(), shown_bytes(saving))
        for note in answer["notes"]:
            self.assertIn(note["note"], self.page.locator("#view").inner_text())
        self.page.reload()
        self.settle()
        self.assertEqual(field.input_value(), releases[0])

    def test_what_if_says_when_the_work_has_paid_for_itself(self):
        self.open(view="what-if")
        self.page.get_by_label("Days of work").fill("2.5")
        self.page.wait_for_url(re.compile(r"days=2\.5"))
        self.page.get_by_label("What a day of work costs").fill("800")
        self.page.wait_for_url(re.compile("rate=800"))
        self.settle()
        effort = {"days": "2.5", "day_rate": {"amount": "800", "currency": "USD"}}
        answer = self.api("/v1/whatif", {"effort": effort}, limit=1000, sort="-cost_saving")
        expected = [row["cost"]["alpine"]["payback_months"] for row in answer["repositories"]]
        self.assertIn("never in 10 years", [in_months(months) for months in expected])
        self.assertTrue(any(months not in (None, "never") for months in expected))
        header = self.page.locator("#view table").last.locator("thead th").all_inner_texts()
        place = [title.split("\n")[0] for title in header].index("Pays back")
        shown = [row[place] for row in self.rows("#view section:last-child table")]
        gains = [row for row in answer["repositories"] if saves(row)]
        self.assertTrue(0 < len(gains) <= 25)
        self.assertEqual(shown, [in_months(months) for months in expected[: len(gains)]])
        total = Decimal("2.5") * 800 * sum(months is not None for months in expected)
        words = self.page.locator('[data-figure="Effort"]').inner_text()
        self.assertTrue(words.endswith(f"= {shown_money({'amount': total, 'currency': 'USD'})}."), words)
        self.page.reload()
        self.settle()
        self.assertEqual(self.page.get_by_label("Days of work").input_value(), "2.5")

    def test_repositories_that_save_nothing_are_folded(self):
        self.open(view="what-if")
        rows = self.api("/v1/whatif", {}, limit=1000, sort="-cost_saving")["repositories"]
        gains = [row for row in rows if saves(row)]
        table = "#view section:last-child table"
        self.assertEqual([cells[0] for cells in self.rows(table)], [row["repository"] for row in gains])
        self.page.get_by_role("button", name=f"{len(rows) - len(gains)} more save nothing").click()
        self.assertEqual(self.page.locator(f"{table} tbody tr:has(th)").count(), len(rows))

    def test_what_cannot_be_used_is_kept_and_marked(self):
        self.open(view="what-if")
        before = self.page.locator('[data-figure="Cost a month"]').inner_text()
        self.page.get_by_label("Number of pulls").select_option("each")
        for title, wrong in (("Pulls a month", "-5"), ("Days of work", "2,5"), ("What a day of work costs", "much")):
            field = self.page.get_by_label(title)
            field.fill(wrong)
            self.page.locator(".error", has_text=f"{wrong} is not used").wait_for()
            self.assertEqual(field.get_attribute("aria-invalid"), "true")
        self.page.wait_for_url(re.compile("rate=much"))
        self.settle()
        self.assertEqual(self.page.locator('[data-figure="Cost a month"]').inner_text(), before)
        self.page.reload()
        self.settle()
        self.assertEqual(self.page.get_by_label("Pulls a month").input_value(), "-5")
        self.assertEqual(self.page.locator(".error").count(), 3)
        self.check_accessibility(self.page, "what-if with fields that cannot be used")
        self.page.get_by_label("Pulls a month").fill("5")
        self.page.wait_for_url(re.compile("pulls=5"))
        self.settle()
        self.assertEqual(self.page.locator(".error").count(), 2)

    def test_pulls_are_multiplied(self):
        self.open(view="what-if")
        figure = self.page.locator('[data-figure="Cost a month"]')
        for factor in ("0.5", "2"):
            self.page.get_by_label("Number of pulls").select_option(factor)
            self.page.wait_for_url(re.compile(f"factor={factor}"))
            self.settle()
            (registry,) = self.api("/v1/whatif", {"pulls_factor": factor})["registries"]
            self.assertEqual(figure.inner_text(), shown_money(registry["cost"]["month"]))

    def test_the_slider_stands_at_the_configured_share(self):
        self.open(view="what-if")
        share = Decimal(self.api("/v1/whatif", {})["configured"]["cold_share"])
        slider = self.page.get_by_label("Cold pulls")
        self.assertEqual(slider.input_value(), str(round(100 * share)))
        self.assertIn("as configured", self.page.locator("output").inner_text())

    def test_fields_are_hidden_where_they_have_no_effect(self):
        self.open(view="what-if")
        self.assertFalse(self.page.get_by_label("Choose repositories").is_visible())
        self.assertFalse(self.page.get_by_label("Pulls a month").is_visible())
        self.page.get_by_label("Which repositories").select_option("chosen")
        self.page.get_by_label("Choose repositories").wait_for()
        self.page.get_by_label("Number of pulls").select_option("each")
        self.page.get_by_label("Pulls a month").wait_for()
        self.page.get_by_role("link", name="Reset").click()
        self.page.get_by_label("Choose repositories").wait_for(state="hidden")
