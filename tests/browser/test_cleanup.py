"""The clean-up view: moving a rule changes what goes, and nothing else decides it."""

import re

from support import Case, shown_bytes


class CleanUp(Case):
    def freed(self):
        return self.page.locator("dl.facts dd").first.inner_text()

    def expected(self, **rules):
        answer = self.api("/v1/cleanup", **rules)
        return f"{shown_bytes(answer['freed_bytes'])} of {shown_bytes(answer['stored_bytes'])}"

    def test_moving_a_rule_changes_what_goes(self):
        self.open(view="cleanup")
        self.assertEqual(self.freed(), self.expected(keep_newest=10))
        self.page.get_by_label("Keep the newest").fill("3")
        self.page.wait_for_url(re.compile("keep_newest=3"))
        self.settle()
        self.assertEqual(self.freed(), self.expected(keep_newest=3))
        self.page.get_by_label("Keep tags").fill("*")
        self.page.wait_for_url(re.compile("keep="))
        self.settle()
        self.assertEqual(self.freed(), self.expected(keep_newest=3, keep="*"))
        self.assertIn("No tag goes.", self.page.locator("#view").inner_text())

    def test_a_rule_that_is_half_typed_is_told_and_kept(self):
        self.expected_complaints = ("status of 400",)
        self.open(view="cleanup", older_than="9")
        self.assertIn("expected an age such as 90d", self.page.locator("#view .alert").inner_text())
        self.assertEqual(self.page.get_by_label("Delete older than").input_value(), "9")
