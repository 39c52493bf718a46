#!/usr/bin/env python3
"""How heavy and how fast the page is, as ratios between two servers with the same data:

    PAGE_TEST_CHROMIUM=/usr/bin/chromium tests/browser/measure.py http://127.0.0.1:9001 http://127.0.0.1:9002

The first is the older build. Each figure is the median of several visits with an empty cache, which take turns, so that
other load on the machine meets both alike. It needs the packages of requirements.txt.
"""

import os
import statistics
import sys

from playwright.sync_api import sync_playwright

VISITS = 15
SHOWN = "#view:not([aria-busy])"
TIMES = """() => ({
    'first content': performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0,
    'first figures': performance.getEntriesByName('tare-figures')[0].startTime,
    'all shown': performance.getEntriesByName('tare-shown')[0].startTime,
})"""
WEIGHTS = """() => {
    const entries = [...performance.getEntriesByType('resource'), ...performance.getEntriesByType('navigation')];
    const sum = (matches) => entries.filter(({ name }) => matches(name)).reduce((all, { transferSize }) => all + transferSize, 0);
    const isCode = (name) => /\\.(js|css)(\\?|$)/.test(name) && !name.includes('/vendor/');
    return { 'JS and CSS of the first view': sum(isCode), 'everything of the first view': sum(() => true) };
}"""


def timed(page, action):
    """Milliseconds until the view that the action leads to is shown."""
    start = page.evaluate("() => performance.now()")
    action()
    page.wait_for_selector(SHOWN)
    return page.evaluate("() => performance.now()") - start


def visit(browser, url):
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    page.goto(url)
    page.wait_for_selector(SHOWN)
    page.wait_for_function("() => performance.getEntriesByName('tare-shown').length")
    figures = {**page.evaluate(TIMES), **page.evaluate(WEIGHTS)}
    for view in ("Repositories", "Savings"):
        link = page.locator("#nav a", has_text=view)

        def open_view(link=link, view=view):
            link.click()
            page.get_by_role("heading", name=view, exact=True).wait_for()

        figures[f"to {view}"] = timed(page, open_view)
    context.close()
    return figures


def main():
    urls = sys.argv[1:3]
    if len(urls) != 2:
        sys.exit(__doc__)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ["PAGE_TEST_CHROMIUM"], chromium_sandbox=os.geteuid() != 0
        )
        visits = [[], []]
        for turn in range(VISITS + 1):
            for place, url in enumerate(urls):
                figures = visit(browser, url)
                # The first visit warms up the browser and the servers.
                if turn:
                    visits[place].append(figures)
        browser.close()
    for name in visits[0][0]:
        old, new = (statistics.median(figures[name] for figures in own) for own in visits)
        print(f"{name:32} {old:10.0f} {new:10.0f}   × {new / old if old else 0:.2f}")


if __name__ == "__main__":
    main()
