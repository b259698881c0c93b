#!/usr/bin/env python3
"""Tries the service's page in headless Chromium, as a person would: tools/try_page.py URL SHOTS PICTURE...

Drops the pictures on the page, chooses them, opens a face and the model's card, takes a picture with Chromium's fake
camera, reads the CSV, all at 390 and 1280 pixels, light and dark. Leaves screenshots in the folder SHOTS. Exits with 1
where an age is missing, or the console shows an error. Needs Debian's chromium, and of Python only itself.
"""
import base64
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time


class Browser:
    """Chromium over its debugging pipe: JSON messages that end in a zero byte."""

    def __init__(self):
        down, self.write = os.pipe()
        self.read, up = os.pipe()
        os.set_inheritable(down, True)
        os.set_inheritable(up, True)
        self.profile = tempfile.TemporaryDirectory()
        self.process = subprocess.Popen(
            ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe",
             "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--hide-scrollbars",
             "--user-data-dir=" + self.profile.name, "about:blank"],
            preexec_fn=lambda: (os.dup2(down, 3), os.dup2(up, 4)), close_fds=False,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(down)
        os.close(up)
        self.number, self.left, self.events = 0, b"", []
        targets = self.call("Target.getTargets", on_page=False)["targetInfos"]
        page = next(one for one in targets if one["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=page["targetId"], flatten=True, on_page=False)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "DOM"):
            self.call(domain + ".enable")

    def message(self):
        while b"\0" not in self.left:
            piece = os.read(self.read, 1 << 20)
            if not piece:
                sys.exit("chromium has exited")
            self.left += piece
        text, self.left = self.left.split(b"\0", 1)
        return json.loads(text)

    def call(self, method, on_page=True, **parameters):
        self.number += 1
        request = {"id": self.number, "method": method, "params": parameters}
        if on_page:
            request["sessionId"] = self.session
        os.write(self.write, json.dumps(request).encode() + b"\0")
        while True:
            answer = self.message()
            if answer.get("id") == self.number:
                if "error" in answer:
                    sys.exit(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self.events.append(answer)

    def value(self, script):
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True, userGesture=True)
        if "exceptionDetails" in answer:
            sys.exit(f"{script}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait(self, script, seconds=60):
        end = time.monotonic() + seconds
        while not self.value(script):
            if time.monotonic() > end:
                sys.exit("timed out waiting for: " + script)
            time.sleep(0.1)

    def shot(self, file, most=2400):
        height = min(self.value("document.documentElement.scrollHeight"), most)
        width = self.value("innerWidth")
        picture = self.call("Page.captureScreenshot", captureBeyondViewport=True,
                            clip={"x": 0, "y": 0, "width": width, "height": height, "scale": 1})
        pathlib.Path(file).write_bytes(base64.b64decode(picture["data"]))

    def errors(self):
        found = []
        for event in self.events:
            parameters = event.get("params", {})
            if event["method"] == "Runtime.exceptionThrown":
                found.append(parameters["exceptionDetails"]["text"])
            if event["method"] == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning"):
                found.append(str(parameters["args"]))
            if event["method"] == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"):
                found.append(parameters["entry"]["text"] + " " + parameters["entry"].get("url", ""))
        return found

    def close(self):
        self.call("Browser.close", on_page=False)
        self.process.wait(20)


def drop(browser, files):
    data = {"items": [], "files": files, "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        browser.call("Input.dispatchDragEvent", type=kind, x=150, y=250, data=data)


def choose(browser, files):
    root = browser.call("DOM.getDocument")["root"]["nodeId"]
    place = browser.call("DOM.querySelector", nodeId=root, selector="#files")["nodeId"]
    browser.call("DOM.setFileInputFiles", nodeId=place, files=files)


def try_page(browser, url, shots, pictures, width, scheme):
    browser.call("Emulation.setDeviceMetricsOverride", width=width, height=844, deviceScaleFactor=1, mobile=width < 600)
    browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    browser.call("Page.navigate", url="about:blank")
    browser.call("Page.navigate", url=url)
    browser.wait("document.readyState === 'complete' && typeof showStatus === 'function'")
    name = f"{shots}/{width}-{scheme}"
    browser.shot(name + "-empty.png")
    done = "pictures.length === %d && pictures.every((one) => one.state === 'done')"
    drop(browser, pictures[:1])
    browser.wait(done % 1)
    choose(browser, pictures[1:])
    browser.wait(done % len(pictures))
    problems = browser.value("pictures.filter((one) => one.problem || one.faces.length === 0).map((one) => one.file.name)")
    if problems:
        print("without an age:", problems)
    browser.wait("Array.from(document.images).every((one) => one.complete)")
    browser.shot(name + "-faces.png")
    browser.value("document.querySelector('.face').focus(), document.activeElement.click()")
    browser.wait("document.getElementById('face').open")
    browser.shot(name + "-face.png")
    browser.value("document.getElementById('face').close(), document.getElementById('show-model').click()")
    browser.wait("document.querySelector('#model-text dl') !== null")
    browser.shot(name + "-model.png")
    browser.value("document.getElementById('model').close(), document.getElementById('open-camera').click()")
    browser.wait("document.getElementById('video').videoWidth > 0")
    browser.shot(name + "-camera.png")
    browser.value("document.getElementById('shoot').click()")
    browser.wait(done % (len(pictures) + 1))
    lines = browser.value("csvText()").split("\r\n")
    faces = browser.value("pictures.reduce((sum, one) => sum + one.faces.length, 0)")
    wide = browser.value("document.documentElement.scrollWidth")
    print(f"{width} pixels, {scheme}: {faces} faces, CSV of {len(lines) - 2} rows, page {wide} pixels wide")
    return not problems and len(lines) == faces + 2 and wide <= width


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    url, shots, pictures = sys.argv[1], sys.argv[2], [os.path.abspath(one) for one in sys.argv[3:]]
    os.makedirs(shots, exist_ok=True)
    browser = Browser()
    good = True
    for width in (390, 1280):
        for scheme in ("light", "dark"):
            good = try_page(browser, url, shots, pictures, width, scheme) and good
    errors = browser.errors()
    browser.close()
    print("console:", errors or "no errors")
    sys.exit(0 if good and not errors else 1)


if __name__ == "__main__":
    main()
