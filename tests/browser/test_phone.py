"""On a phone nothing is cut off, and the figures that matter are among those that are shown."""

from support import Case

PHONE = {"width": 390, "height": 844}
VIEWS = ("overview", "repositories", "savings", "centres", "what-if", "crawls")

# Everything visible that reaches over an edge of the screen, or that its own container cuts off.
CUT_OFF = """() => {
    const hidden = (element) => element.closest('.for-readers, .skip, [hidden]') || !element.checkVisibility();
    const described = (element) => `${element.tagName}.${element.className}: ${element.textContent.slice(0, 40)}`;
    const all = [...document.querySelectorAll('body *')].filter((element) => !hidden(element));
    const outside = all.filter((element) => {
        const { left, right, width } = element.getBoundingClientRect();
        return width > 0 && (right > innerWidth + 0.5 || left < -0.5);
    });
    const inside = all.filter((element) => {
        const clips = getComputedStyle(element).overflowX !== 'visible';
        return clips && !element.matches('input, select, textarea') && element.scrollWidth > element.clientWidth + 1;
    });
    return [...outside.map(described), ...inside.map(described)].slice(0, 5);
}"""


class Phone(Case):
    def setUp(self):
        super().setUp()
        self.page = self.new_page(**PHONE)

    def test_no_element_is_cut_off_in_any_view(self):
        for name, parameters in self.every_view():
            self.open(**parameters)
            for is_open in (False, True):
                for details in self.page.locator("details").all():
                    details.evaluate("(details, isOpen) => { details.open = isOpen; }", is_open)
                with self.subTest(view=name, details_are_open=is_open):
                    self.assertEqual(self.page.evaluate(CUT_OFF), [])

    def test_every_view_is_in_the_navigation(self):
        self.open()
        links = self.page.locator("#nav a")
        self.assertGreaterEqual(links.count(), len(VIEWS))
        for at in range(links.count()):
            box = links.nth(at).bounding_box()
            self.assertGreaterEqual(box["x"], 0)
            self.assertLessEqual(box["x"] + box["width"], PHONE["width"])

    def test_money_and_payback_are_shown(self):
        self.open(view="repositories")
        self.assertIn("Saving", self.shown_headers("#view table"))
        self.open(view="savings")
        headers = self.shown_headers("#view section:has(> .table) table")
        self.assertIn("Saved a month", headers)
        self.assertIn("Pays back", headers)

    def shown_headers(self, table):
        texts = self.page.locator(f"{table} thead th").all()
        return [header.inner_text().strip("▲▼\n ") for header in texts if header.is_visible()]
