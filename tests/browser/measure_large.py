#!/usr/bin/env python3
"""How fast the page is with a large registry, on a running service:

    PAGE_TEST_CHROMIUM=/usr/bin/chromium tests/browser/measure_large.py http://127.0.0.1:8080 WORD

It searches the repositories for WORD, sorts the list, turns a page, opens a repository and scrolls, several times, and
prints medians: milliseconds from the press of a key or button to the new list, rows in the page, bytes that were received,
and the frames while scrolling. The page waits 250 ms for the next key of a search, which counts. It needs the packages of
requirements.txt.
"""

import os
import statistics
import sys

from playwright.sync_api import sync_playwright

TURNS = 7
SHOWN = "#view:not([aria-busy])"
ROWS = "() => document.querySelectorAll('#view tbody tr').length"
RECEIVED = """() => performance.getEntriesByType('resource')
    .filter(({ name }) => name.includes('/v1/')).reduce((all, { transferSize }) => all + transferSize, 0)"""
# Scrolls down and up again and gives the milliseconds between frames.
SCROLL = """() => new Promise((resolve) => {
    const [frames, start] = [[], performance.now()];
    let last = start;
    const step = (now) => {
        frames.push(now - last);
        last = now;
        const passed = now - start;
        scrollTo(0, Math.abs(Math.sin(passed / 500)) * document.body.scrollHeight);
        if (passed < 3000) requestAnimationFrame(step); else resolve(frames.slice(1));
    };
    requestAnimationFrame(step);
})"""
# Resolves when the list below the filters is another than it is now, and shown.
NEXT_LIST = """() => {
    const table = document.querySelector('#view table');
    window.nextList = new Promise((resolve) => {
        const start = performance.now();
        const look = () => {
            const now = document.querySelector('#view table');
            if (now && now !== table && !document.querySelector('#view').ariaBusy) resolve(performance.now() - start);
            else requestAnimationFrame(look);
        };
        look();
    });
}"""


def timed(page, action):
    """Milliseconds until the list that the action leads to is shown."""
    page.evaluate(NEXT_LIST)
    action()
    return page.evaluate("() => window.nextList")


def visit(browser, url, word):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    figures = {}
    for view in ("overview", "repositories", "savings", "changes", "what-if", "cleanup"):
        page.goto("about:blank")
        page.goto(f"{url}/?view={view}")
        page.wait_for_selector(SHOWN)
        page.wait_for_function("() => performance.getEntriesByName('tare-shown').length")
        figures[f"{view}: shown (ms)"] = page.evaluate("() => performance.getEntriesByName('tare-shown')[0].startTime")
        figures[f"{view}: rows"] = page.evaluate(ROWS)
        figures[f"{view}: kilobytes of answers"] = page.evaluate(RECEIVED) / 1000
    page.goto(f"{url}/?view=repositories")
    page.wait_for_selector(SHOWN)
    search = page.get_by_label("Search by name")
    figures["search (ms)"] = timed(page, lambda: search.press_sequentially(word[0]))
    for letter in word[1:]:
        timed(page, lambda letter=letter: search.press_sequentially(letter))
    figures["search cleared (ms)"] = timed(page, lambda: search.fill(""))
    figures["sort (ms)"] = timed(page, lambda: page.locator("[data-sort=name]").click())
    figures["next page (ms)"] = timed(page, lambda: page.get_by_role("button", name="Next").click())
    frames = sorted(page.evaluate(SCROLL))
    figures["scrolling: frames"] = len(frames)
    figures["scrolling: longest frame (ms)"] = frames[-1]
    figures["scrolling: 95th percentile (ms)"] = frames[int(len(frames) * 0.95)]
    context.close()
    return figures


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ["PAGE_TEST_CHROMIUM"], chromium_sandbox=os.geteuid() != 0
        )
        # The first visit warms up the browser and the server.
        visits = [visit(browser, *sys.argv[1:]) for _ in range(TURNS + 1)][1:]
        browser.close()
    for name in visits[0]:
        print(f"{name:45} {statistics.median(figures[name] for figures in visits):10.0f}")


if __name__ == "__main__":
    main()
