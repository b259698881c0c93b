#!/usr/bin/env python3
"""Looks at a report in headless Chromium: tools/try_report.py REPORT.html SHOTS

At 390 and 1280 pixels, light and dark, each on its own screenshots in the folder SHOTS. Exits with 1 where the page is
wider than the screen, a table that goes beyond its box does not say so, a chart has no words for those who do not see
it, or the console shows an error. Needs Debian's chromium, and of Python only itself.
"""
import os
import pathlib
import sys

from try_page import Browser

# Tables cut off without a hint; canvases without words; names of files that a tap does not show whole.
PROBLEMS = """(() => {
  const found = [];
  for (const box of document.querySelectorAll(".scroll")) {
    const wide = box.scrollWidth > box.clientWidth + 1, hint = box.nextElementSibling;
    if (wide !== !hint.hidden) found.push("a table " + (wide ? "goes on without a hint" : "has a hint for nothing"));
    if (wide && box.tabIndex !== 0) found.push("the keyboard does not reach a table that goes on");
  }
  for (const canvas of document.querySelectorAll("canvas"))
    if (!canvas.getAttribute("aria-label")) found.push("a chart without words");
  for (const name of document.querySelectorAll(".file")) {
    name.click();
    if (name.scrollWidth > name.clientWidth + 1) found.push("a file's name is cut off after a tap");
    name.click();
  }
  if (document.documentElement.scrollWidth > innerWidth) found.push("the page is wider than the screen");
  return found;
})()"""


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    report, shots = os.path.abspath(sys.argv[1]), sys.argv[2]
    os.makedirs(shots, exist_ok=True)
    browser = Browser()
    problems = []
    for width in (390, 1280):
        for scheme in ("light", "dark"):
            browser.call("Emulation.setDeviceMetricsOverride", width=width, height=844, deviceScaleFactor=1, mobile=width < 600)
            browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
            browser.call("Page.navigate", url="about:blank")
            browser.call("Page.navigate", url=pathlib.Path(report).as_uri())
            browser.wait("document.readyState === 'complete' && typeof charts === 'object' && charts.every((one) => one.drawn)", 180)
            browser.value("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))")
            found = browser.value(PROBLEMS)
            problems += [f"{width} {scheme}: {one}" for one in found]
            browser.shot(f"{shots}/{width}-{scheme}.png", most=12000)
    problems += browser.errors()
    browser.close()
    print("\n".join(problems) or "no problems")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
