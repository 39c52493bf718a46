"""The series of each chart can be told apart by people who see red and green alike, and in grey."""

import itertools
import math

from support import Case

CHARTS = {
    "cost by month": {},
    "bytes by month": {"measure": "bytes"},
    "savings in money": {"view": "savings"},
    "savings in bytes": {"view": "savings", "measure": "bytes"},
    "cost centres": {"view": "centres", "by": "cost_centre"},
    "costs over time": {"view": "centres", "time": "1", "by": "repository"},
    "changes": {"view": "changes", "window": "90d"},
}
# How linear RGB is seen: Machado, Oliveira, Fernandes, "A Physiologically-based Model for Simulation of Color Vision
# Deficiency", IEEE TVCG 15 (2009), severity 1.
VISIONS = {
    "all colours": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
}
# Marks without a filling of their own: what tells them apart is their shape.
LINES = ("line", "dashed", "dotted")
# Fillings side by side in grey. WCAG has no value for it; half as light again is seen at a glance.
LEAST_CONTRAST_OF_BARS = 1.5
# WCAG 2.2, 1.4.11: graphical objects on their ground.
LEAST_CONTRAST_OF_MARKS = 3
# CIE 1976: 2.3 is just noticeable; this is more than ten times as much.
LEAST_DIFFERENCE = 30

SERIES = """(marks) => marks.map((mark) => ({
    name: mark.parentElement.innerText,
    mark: mark.classList[1],
    colour: getComputedStyle(mark).getPropertyValue('--own').trim(),
}))"""
GROUND = "() => getComputedStyle(document.documentElement).getPropertyValue('--surface').trim()"


def linear(colour):
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]


def seen(colour, vision):
    return [
        min(1, max(0, sum(weight * channel for weight, channel in zip(weights, linear(colour), strict=True))))
        for weights in VISIONS[vision]
    ]


def luminance(channels):
    return sum(weight * channel for weight, channel in zip((0.2126, 0.7152, 0.0722), channels, strict=True))


def contrast(one, other, vision="all colours"):
    lower, higher = sorted(luminance(seen(colour, vision)) for colour in (one, other))
    return (higher + 0.05) / (lower + 0.05)


def lab(channels):
    matrix = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
    white = (0.9505, 1.0, 1.089)
    x, y, z = (
        sum(weight * channel for weight, channel in zip(weights, channels, strict=True)) / reference
        for weights, reference in zip(matrix, white, strict=True)
    )
    f = [value ** (1 / 3) if value > 0.008856 else 7.787 * value + 16 / 116 for value in (x, y, z)]
    return 116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])


def difference(one, other, vision):
    return math.dist(lab(seen(one, vision)), lab(seen(other, vision)))


class Colours(Case):
    found = None

    def looks(self):
        """The series and the ground of each chart in light and in dark, looked at once for both tests."""
        if Colours.found:
            return Colours.found
        found = {}
        for chart, parameters in CHARTS.items():
            self.open(**parameters)
            self.page.locator("ul.legend .mark").first.wait_for()
            for scheme in ("light", "dark"):
                self.page.emulate_media(color_scheme=scheme)
                series = self.page.locator("ul.legend .mark").evaluate_all(SERIES)
                found[f"{chart}, {scheme}"] = series, self.page.evaluate(GROUND)
        Colours.found = found
        return found

    def test_series_differ_by_shape_or_by_colour_in_every_vision_and_in_grey(self):
        for chart, (series, _) in self.looks().items():
            self.assertTrue(all(one["colour"].startswith("#") for one in series), series)
            for one, other in itertools.combinations(series, 2):
                if one["mark"] != other["mark"]:
                    continue
                where = f"{one['name']} and {other['name']}, {chart}"
                self.assertNotIn(one["mark"], LINES, f"two lines of one kind: {where}")
                grey = contrast(one["colour"], other["colour"])
                self.assertGreaterEqual(grey, LEAST_CONTRAST_OF_BARS, f"grey: {where}")
                for vision in VISIONS:
                    apart = difference(one["colour"], other["colour"], vision)
                    self.assertGreaterEqual(apart, LEAST_DIFFERENCE, f"{vision}: {where}")

    def test_series_are_seen_on_their_ground(self):
        for chart, (series, ground) in self.looks().items():
            for one in series:
                # A band lies behind all others and has no edge of its own.
                if one["mark"] == "band":
                    continue
                seen_by = [contrast(one["colour"], ground, vision) for vision in VISIONS]
                self.assertGreaterEqual(min(seen_by), LEAST_CONTRAST_OF_MARKS, f"{one['name']}, {chart}")

    def test_a_line_has_a_halo_in_the_colour_of_the_ground(self):
        self.open()
        self.page.locator("figure canvas").wait_for()
        self.page.wait_for_function("() => globalThis.Chart?.getChart(document.querySelector('canvas'))")
        sets = self.page.evaluate(
            "() => Chart.getChart(document.querySelector('canvas')).data.datasets"
            ".map(({ type, label, stack, borderColor, borderWidth }) => ({ type, label, stack, borderColor, borderWidth }))"
        )
        lines = [one for one in sets if one["type"] == "line" and one["label"]]
        self.assertGreaterEqual(len(lines), 2)
        ground = self.page.evaluate(GROUND)
        for line in lines:
            (halo,) = [one for one in sets if one["stack"] == f"{line['label']} halo"]
            self.assertEqual(halo["borderColor"], ground)
            self.assertGreater(halo["borderWidth"], line["borderWidth"])

    def test_series_without_any_amount_are_left_out(self):
        self.open()
        shown = self.page.locator("ul.legend li").all_inner_texts()
        parts = {"storage": "Storage", "transfer": "Transfer", "fee": "Flat fee"}
        points = self.api("/v1/history")["items"]
        for part, title in parts.items():
            is_paid = any(float(point["cost"][part]["amount"]) for point in points if point["cost"])
            self.assertEqual(title in shown, is_paid, title)
