"""Every tag opens to its image, and two images are compared layer by layer."""

from support import Case, shown_bytes


class Images(Case):
    def repository(self):
        """One with several tags and images for each platform."""
        rows = self.api("/v1/repositories", sort="-saving", limit=1000)["items"]
        return next(row for row in rows if row["verdict"] == "switch" and row["tags"] > 3)

    def images(self, row):
        return self.api(f"{self.repository_path(row)}/images", limit=1000)["items"]

    def open_repository(self, row):
        self.open(view="repository", of=row["registry"], repository=row["repository"])
        self.page.get_by_role("heading", name="tags").wait_for()

    def test_a_tag_shows_its_image_and_opens_it(self):
        row = self.repository()
        image = self.images(row)[0]
        self.open_repository(row)
        tags = self.page.locator('table:has(caption:text("Tags of"))')
        headers = [text.split("\n")[0] for text in tags.locator("thead th").all_inner_texts()]
        self.assertEqual(headers[:6], ["Tag", "Built", "Size", "Base", "On Alpine", "Verdict"])
        line = next(cells for cells in self.rows('table:has(caption:text("Tags of"))') if cells[0].split("\n")[0] == image["tags"][0])
        self.assertEqual(line[2], shown_bytes(image["compressed_bytes"]))
        self.assertEqual(line[3], image["base"]["runtime"] or image["base"]["name"])
        self.assertIn(shown_bytes(image["alpine"]["bytes"]["expected"]), line[4])
        tags.get_by_role("link", name=image["tags"][0], exact=True).click()
        self.page.get_by_role("heading", name=f"{row['repository']}:{image['tags'][0]}").wait_for()
        self.settle()
        explained = self.api(f"{self.repository_path(row).replace('repositories', 'images', 1)}/{image['digest']}")
        text = self.page.locator("#view").inner_text()
        self.assertIn(image["digest"], text)
        self.assertEqual(
            len(self.rows('table:has(caption:text("Layers"))')) >= len(explained["layers"]), True
        )
        self.check_accessibility(self.page, "an image")

    def test_two_images_are_compared_by_their_layers(self):
        row = self.repository()
        images = self.images(row)
        first = images[0]
        second = next(
            image for image in images[1:] if image["platform"] == first["platform"] and image["digest"] != first["digest"]
        )
        self.open(view="image", of=row["registry"], repository=row["repository"], digest=first["digest"])
        self.page.get_by_label("Compare with").select_option(second["digest"])
        self.page.get_by_role("button", name="Compare").click()
        self.page.get_by_text("Shared:").wait_for()
        self.settle()
        path = self.repository_path(row).replace("repositories", "images", 1)
        one, other = (
            {layer["digest"]: layer["bytes"] for layer in self.api(f"{path}/{image['digest']}")["layers"]}
            for image in (first, second)
        )
        shared = sum(size for digest, size in one.items() if digest in other)
        only_first = sum(size for digest, size in one.items() if digest not in other)
        only_second = sum(size for digest, size in other.items() if digest not in one)
        says = self.page.locator("p.says").inner_text()
        self.assertEqual(
            says,
            f"Shared: {shown_bytes(shared)}. Only in {first['tags'][0]}: {shown_bytes(only_first)}. "
            f"Only in {second['tags'][0]}: {shown_bytes(only_second)}.",
        )
        self.assertEqual(len(self.rows('table:has(caption:text("Layers of both"))')), len(one | other))
        self.check_accessibility(self.page, "two images")
        self.page.get_by_role("link", name="Swap").click()
        self.page.wait_for_url(lambda url: url.index(second["digest"].split(":")[1]) < url.index(first["digest"].split(":")[1]))
        self.settle()
        self.assertIn(f"Only in {second['tags'][0]}: {shown_bytes(only_second)}", self.page.locator("p.says").inner_text())
