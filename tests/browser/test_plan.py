"""The plan view: waves and repositories as the API orders them, within the chosen days of work."""

import re

from support import Case, shown_bytes


class Plan(Case):
    def saved(self):
        return self.page.locator("dl.facts dd").first.inner_text()

    def expected(self, **asked):
        answer = self.api("/v1/plan", **asked)
        return f"{shown_bytes(answer['saving_bytes']['expected'])} of {shown_bytes(answer['stored_bytes'])}"

    def test_fewer_days_of_work_give_the_beginning_of_the_plan(self):
        self.open(view="plan")
        self.assertEqual(self.saved(), self.expected())
        waves = self.page.get_by_role("table", name="Waves").locator("tbody tr")
        self.assertEqual(waves.count(), len(self.api("/v1/plan")["waves"]))
        self.page.get_by_label("Most days of work").fill("2")
        self.page.wait_for_url(re.compile("effort=2"))
        self.settle()
        self.assertEqual(self.saved(), self.expected(effort="2"))

    def test_a_number_of_days_that_is_none_is_told(self):
        self.expected_complaints = ("status of 400",)
        self.open(view="plan", effort="some")
        self.assertIn("expected a number of days", self.page.locator("#view .alert").inner_text())
