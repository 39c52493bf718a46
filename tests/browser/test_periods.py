"""Any month and any range can be chosen, costs are shown over time, and changes say why."""

from datetime import date, timedelta
from decimal import Decimal

from support import Case, shown_bytes, shown_money


def last_month():
    return (date.today().replace(day=1) - timedelta(days=1)).isoformat()[:7]


def signed(money):
    amount = Decimal(money["amount"])
    return f"+{shown_money(money)}" if amount >= Decimal("0.005") else shown_money(money)


class Periods(Case):
    def test_a_month_is_chosen_in_every_view_that_has_a_history_and_stays_in_the_address(self):
        month = last_month()
        (then,) = self.api("/v1/registries", window=month)["items"]
        self.open()
        self.page.get_by_label("Period").select_option(month)
        self.page.wait_for_url(lambda url: f"window={month}" in url)
        self.settle()
        cards = self.page.locator(".cards").inner_text()
        self.assertIn(shown_bytes(then["stored_bytes"]), cards)
        self.assertIn(then["as_of"][:10], cards)
        for view in ("Repositories", "Savings", "Cost centres", "Images"):
            self.page.locator("#nav").get_by_role("link", name=view, exact=True).click()
            self.page.get_by_role("heading", name=view, exact=True).wait_for()
            self.settle()
            self.assertIn(f"window={month}", self.page.url, view)
            self.assertEqual(self.page.get_by_label("Period").input_value(), month)
            self.assertIn(then["as_of"][:10], self.page.locator("#provenance").inner_text(), view)
        self.page.locator("#nav").get_by_role("link", name="Repositories", exact=True).click()
        self.settle()
        self.assertIn(shown_money(then["cost"]["month"]), self.totals())

    def test_days_are_chosen_and_a_range_that_ends_before_it_begins_is_refused(self):
        self.open(view="changes")
        self.page.get_by_label("Period").select_option("custom")
        first, last = date.today() - timedelta(days=70), date.today() - timedelta(days=5)
        self.page.get_by_label("From", exact=True).fill(last.isoformat())
        self.page.get_by_label("To", exact=True).fill(first.isoformat())
        self.page.get_by_text("The last day is before the first.").wait_for()
        self.page.get_by_label("From", exact=True).fill(first.isoformat())
        self.page.get_by_label("To", exact=True).fill(last.isoformat())
        end = (last + timedelta(days=1)).isoformat()
        self.page.wait_for_url(lambda url: f"window={first}%2C{end}" in url)
        self.settle()
        self.page.reload()
        self.settle()
        self.assertEqual(self.page.get_by_label("From", exact=True).input_value(), first.isoformat())
        self.assertEqual(self.page.get_by_label("To", exact=True).input_value(), last.isoformat())

    def test_costs_over_time_add_up_by_team_and_by_any_label(self):
        self.open(view="centres")
        self.page.get_by_role("link", name="Over time").click()
        self.settle()
        start = date.today().replace(day=1)
        for _ in range(11):
            start = (start - timedelta(days=1)).replace(day=1)
        end = (date.today().replace(day=28) + timedelta(days=4)).replace(day=1)
        query = {"window": f"{start},{end}", "step": "month"}
        answer = self.api("/v1/costs", aggregate="team", limit=1000, **query)
        self.assertEqual(self.totals("figure table")[-1], shown_money(answer["totals"][0]["cost"]))
        teams = {row["name"].replace("__unassigned__", "unassigned") for row in answer["items"]}
        self.assertEqual({row[0] for row in self.rows("figure table")}, teams)
        self.page.get_by_label("Image label").fill("org.opencontainers.image.vendor")
        self.page.get_by_role("button", name="Group").click()
        self.page.wait_for_url(lambda url: "label%3Aorg" in url)
        self.settle()
        self.assertEqual(self.totals("figure table")[-1], shown_money(answer["totals"][0]["cost"]))

    def test_changes_say_what_grew_and_because_of_what(self):
        self.open(view="changes", window="90d")
        answer = self.api("/v1/changes", window="90d", aggregate="registry,repository", limit=200)
        rows = self.rows("figure table")
        self.assertEqual(len(rows), len(answer["items"]))
        first = answer["items"][0]
        self.assertEqual(rows[0][0].split("\n")[0], first["keys"]["repository"])
        self.assertEqual(rows[0][3], signed(first["cost"]["difference"]))
        causes = first["cost"]["because"]
        for at, cause in enumerate(("pulls", "bytes", "prices", "new_or_gone"), start=4):
            expected = signed(causes[cause]) if Decimal(causes[cause]["amount"]) else "–"
            self.assertEqual(rows[0][at], expected, cause)
        self.assertEqual(self.totals("figure table")[3], signed(answer["totals"][0]["difference"]))
        self.page.get_by_role("link", name="team", exact=True).click()
        self.settle()
        teams = self.api("/v1/changes", window="90d", aggregate="team")["items"]
        self.assertEqual(len(self.rows("figure table")), len(teams))


class AllImages(Case):
    def test_images_are_filtered_by_base_and_age(self):
        everything = self.api("/v1/images", limit=1)["count"]
        self.open(view="images")
        self.page.get_by_role("heading", name=f"{everything:,} images").wait_for()
        self.page.get_by_label("Base", exact=True).fill("node")
        before = (date.today() - timedelta(days=90)).isoformat()
        self.page.wait_for_url(lambda url: "base=node" in url)
        self.page.get_by_label("Built before").fill(before)
        self.page.wait_for_url(lambda url: f"created_before={before}" in url)
        self.settle()
        answer = self.api("/v1/images", base="node", created_before=before, sort="-size", limit=50)
        self.assertTrue(0 < answer["count"] < everything)
        self.page.get_by_role("heading", name=f"{answer['count']:,} images").wait_for()
        sizes = [row[2] for row in self.rows()]
        self.assertEqual(sizes, [shown_bytes(image["compressed_bytes"]) for image in answer["items"]])
        self.page.locator("#view tbody th a").first.click()
        self.page.get_by_role("heading", name=answer["items"][0]["repository"]).wait_for()
