"""Behind a proxy that has Tare at /tare/, every view, link and file works."""

import proxy
from servers import Running, demo
from support import Case


class SubPath(Case):
    @classmethod
    def start(cls):
        cls.proxy = proxy.serve(demo().url, "/tare/")
        return Running(f"http://127.0.0.1:{cls.proxy.server_address[1]}/tare")

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.proxy.shutdown()
        cls.proxy.server_close()

    def test_every_view_asks_only_below_the_sub_path(self):
        # The base class complains about requests to any other address.
        for name, parameters in self.every_view():
            self.open(**parameters)
            self.assertEqual(self.page.get_by_role("alert").count(), 0, name)
            self.assertGreater(self.page.locator("#view table, #view .cards").count(), 0, name)
        self.page.locator("#nav a", has_text="Overview").click()
        self.settle()
        self.page.locator(".cards").wait_for()
        self.assertTrue(self.page.url.startswith(f"{self.server.url}/?"), self.page.url)

    def test_files_and_documentation_are_below_it_too(self):
        self.open(view="repositories")
        with self.page.expect_download() as download:
            self.page.locator("a.csv").click()
        with open(download.value.path()) as file:
            self.assertIn("repository", file.readline())
        for link in self.page.locator("footer a").all():
            target = link.evaluate("(link) => link.href")
            self.assertTrue(target.startswith(f"{self.server.url}/"), target)
