"""Every view is accessible, fits its screen and cuts nothing off, in light and dark, on a desk and on a phone."""

from support import Case

SCREENS = {"desk": (1440, 900), "tablet": (768, 1024), "phone": (390, 844)}
# Each text's contrast is measured by itself, which takes most of the time. Rows that have the same elements and classes
# look the same, so one of each kind is measured.
ONE_ROW_OF_EACH_KIND = """() => {
    const seen = new Set();
    for (const row of document.querySelectorAll('tbody tr')) {
        const copy = row.cloneNode(true);
        for (const text of copy.querySelectorAll('bdi, a, small')) text.textContent = '';
        const kind = [copy, ...copy.querySelectorAll('*')].map(({ tagName, className }) => tagName + className).join(' ');
        if (seen.has(kind)) row.remove();
        seen.add(kind);
    }
}"""
CONTRAST = {"runOnly": ["color-contrast", "link-in-text-block"]}
ALL_BUT_CONTRAST = {"rules": {rule: {"enabled": False} for rule in CONTRAST["runOnly"]}}

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
OPEN_ALL = "(isOpen) => document.querySelectorAll('details').forEach((details) => { details.open = isOpen; })"


class EveryView(Case):
    def test_every_view_is_accessible_and_fits_in_light_and_dark_on_each_screen(self):
        page = self.page
        for name, parameters in self.every_view():
            with self.subTest(view=name):
                page.emulate_media(color_scheme="light")
                page.set_viewport_size({"width": 390, "height": 844})
                self.open(**parameters)
                self.assertEqual(page.evaluate(CUT_OFF), [], f"{name}, phone, with closed details")
                page.evaluate(OPEN_ALL, True)
                for screen, (width, height) in reversed(SCREENS.items()):
                    page.set_viewport_size({"width": width, "height": height})
                    where = f"{name}, {screen}"
                    self.check_fits(page, where)
                    if screen != "desk":
                        self.assertEqual(page.evaluate(CUT_OFF), [], where)
                    if screen != "tablet":
                        self.check_accessibility(page, where, **ALL_BUT_CONTRAST)
                page.evaluate(ONE_ROW_OF_EACH_KIND)
                for scheme in ("light", "dark"):
                    page.emulate_media(color_scheme=scheme)
                    for screen in ("desk", "phone"):
                        width, height = SCREENS[screen]
                        page.set_viewport_size({"width": width, "height": height})
                        self.check_accessibility(page, f"{name}, {screen}, {scheme}", **CONTRAST)
