"""What a registry reports about its own size stands beside what is counted, with the difference by cause."""

import tempfile

from servers import Server, demo_store
from support import Case, shown_bytes

SETTINGS = """
[[registry]]
url = "https://registry.norrwind.example"
reported_usage = "60 GiB"
"""


class Reported(Case):
    """The demo's figures with a figure of the registry's own."""

    @classmethod
    def start(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        store = demo_store(cls.folder.name)
        with open(store[1], "a") as settings:
            settings.write(SETTINGS)
        return Server(*store, "serve", "--role", "api")

    def test_a_card_takes_the_difference_apart(self):
        (registry,) = self.api("/v1/registries")["items"]
        own = registry["reconciliation"]
        self.assertEqual(own["counted_bytes"] + sum(part["bytes"] for part in own["parts"]), 60 << 30)
        self.open()
        card = self.page.locator(".card", has_text="Reported by the registry")
        self.assertIn(shown_bytes(60 << 30), card.locator(".figure").inner_text())
        self.assertIn(shown_bytes(own["unexplained_bytes"]), card.locator(".detail").inner_text())
        card.locator("summary").click()
        facts = card.locator("dd").all_inner_texts()
        self.assertEqual(facts[0], shown_bytes(own["counted_bytes"]))
        self.assertEqual(len(facts), len(own["parts"]) + 2)
