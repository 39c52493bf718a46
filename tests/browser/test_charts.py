"""Charts survive what people do with them: they point at them, tap them, and go to the next view."""

from support import Case

VIEWS = {
    "overview in money": {},
    "overview in bytes": {"measure": "bytes"},
    "savings in money": {"view": "savings"},
    "savings in bytes": {"view": "savings", "measure": "bytes"},
    "cost centres": {"view": "centres"},
    "costs over time": {"view": "centres", "time": "1"},
    "changes": {"view": "changes", "window": "90d"},
}
HAS_TOOLTIP = "(canvas) => (Chart.getChart(canvas)?.tooltip?.opacity ?? 0) > 0.5"
# Chart.js answers to a pointer with the next picture.
NEXT_PICTURE = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


class Charts(Case):
    """With motion, as most people see the page. Page errors fail each test when it ends."""

    def charts(self, page):
        canvases = page.locator("figure canvas")
        canvases.first.wait_for()
        for at in range(canvases.count()):
            yield canvases.nth(at)

    def check_all_painted(self, page, where):
        for canvas in self.charts(page):
            self.check_painted(canvas, f"an empty chart: {where}")

    def check_tooltip(self, canvas, where):
        self.until(canvas, HAS_TOOLTIP, f"no tooltip: {where}")

    def test_a_chart_that_is_pointed_at_shows_its_figures_and_stays(self):
        page = self.new_page(motion=True)
        for name, parameters in VIEWS.items():
            self.open(page, **parameters)
            self.check_all_painted(page, name)
            for canvas in self.charts(page):
                canvas.scroll_into_view_if_needed()
                box = canvas.bounding_box()
                for part in (0.3, 0.5, 0.7):
                    page.mouse.move(box["x"] + box["width"] * part, box["y"] + box["height"] * 0.5)
                    page.evaluate(NEXT_PICTURE)
                self.check_tooltip(canvas, name)
            page.mouse.move(1, 1)
            self.check_all_painted(page, f"{name}, after pointing at it")

    def test_a_chart_that_is_tapped_shows_its_figures_and_stays(self):
        page = self.new_page(width=390, height=844, motion=True, touch=True)
        for name, parameters in VIEWS.items():
            self.open(page, **parameters)
            self.check_all_painted(page, name)
            for canvas in self.charts(page):
                canvas.scroll_into_view_if_needed()
                box = canvas.bounding_box()
                page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
                self.check_tooltip(canvas, name)
            self.check_all_painted(page, f"{name}, after a tap")

    def test_charts_of_the_next_view_are_drawn_after_one_was_pointed_at(self):
        page = self.new_page(motion=True)
        self.open(page)
        (canvas,) = self.charts(page)
        canvas.hover()
        page.get_by_role("link", name="Bytes").click()
        self.settle(page)
        page.get_by_role("heading", name="Stored bytes by month").wait_for()
        self.check_all_painted(page, "bytes, after pointing at costs")
        page.get_by_role("link", name="Savings", exact=True).click()
        self.settle(page)
        self.check_all_painted(page, "savings, after pointing at costs")
