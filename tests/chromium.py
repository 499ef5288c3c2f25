"""Chromium without a window, driven by its DevTools protocol over two pipes: no package needed."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PATIENCE = 60  # seconds for an answer: the machine may be busy
KEYS = {" ": "Space", "ArrowLeft": "ArrowLeft", "ArrowRight": "ArrowRight", "Tab": "Tab"}
CODES = {" ": 32, "ArrowLeft": 37, "ArrowRight": 39, "Tab": 9, "Enter": 13}


class Chromium:
    """One page of a browser; `problems`: its errors and warnings, `requests`: what it asked for."""

    def __init__(self, program: str, profile: Path):
        theirs_in, self._to = os.pipe()
        self._from, theirs_out = os.pipe()
        high = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (theirs_in, theirs_out)]

        def connect() -> None:  # the protocol's pipes are 3 and 4
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe"]
        options += [
            "--no-first-run",
            "--disable-dev-shm-usage",  # which is small in containers
            "--disable-background-networking",
            f"--user-data-dir={profile}",
        ]
        self._process = subprocess.Popen(
            [program, *options, "about:blank"],
            preexec_fn=connect,
            pass_fds=(3, 4),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for end in (theirs_in, theirs_out, *high):
            os.close(end)
        self._received, self._count, self._session = b"", 0, None
        self.problems: list[str] = []
        self.requests: list[str] = []
        pages = self.ask("Target.getTargets")["targetInfos"]
        page = next(one["targetId"] for one in pages if one["type"] == "page")
        attached = self.ask("Target.attachToTarget", targetId=page, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and wait for its answer; what else the browser says is noted."""
        self._count += 1
        message = {"id": self._count, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            heard = self._hear()
            if heard.get("id") == self._count:
                if "error" in heard:
                    raise RuntimeError(f"{method}: {heard['error']['message']}")
                return dict(heard["result"])
            self._note(heard)

    def _hear(self) -> dict[str, Any]:
        while b"\0" not in self._received:
            if not select.select([self._from], [], [], PATIENCE)[0]:
                raise TimeoutError("Chromium does not answer")
            some = os.read(self._from, 1 << 20)
            if not some:
                raise RuntimeError("Chromium has ended")
            self._received += some
        message, self._received = self._received.split(b"\0", 1)
        return dict(json.loads(message))

    def _note(self, heard: dict[str, Any]) -> None:
        method, said = heard.get("method"), heard.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.problems.append(json.dumps(said["exceptionDetails"])[:1000])
        elif method == "Runtime.consoleAPICalled" and said["type"] in (
            "error",
            "warning",
            "assert",
        ):
            self.problems.append(json.dumps(said["args"])[:1000])
        elif method == "Log.entryAdded" and said["entry"]["level"] in ("error", "warning"):
            self.problems.append(said["entry"]["text"])
        elif method == "Network.requestWillBeSent" and not said["request"]["url"].startswith(
            "data:"
        ):
            self.requests.append(said["request"]["url"])

    def open(self, page: Path, width: int = 1280, height: int = 900, dark: bool = False) -> None:
        """Open a file in a window of a size; problems and requests are counted from here on."""
        self.ask("Page.navigate", url="about:blank")
        self.problems.clear()
        self.requests.clear()
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.ask("Emulation.setDeviceMetricsOverride", **size)
        self.prefer(dark)
        self.ask("Page.navigate", url=page.resolve().as_uri())
        self.wait("document.readyState === 'complete' && location.protocol === 'file:'")

    def prefer(self, dark: bool) -> None:
        """Dark or light colours."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", features=[scheme])

    def value(self, expression: str) -> Any:
        """The value of an expression of JavaScript; a promise is awaited."""
        options = {"returnByValue": True, "awaitPromise": True, "userGesture": False}
        answer = self.ask("Runtime.evaluate", expression=expression, **options)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait(self, expression: str, fulfilled: Callable[[Any], bool] = bool) -> Any:
        """The value of an expression once it is true."""
        end = time.monotonic() + PATIENCE
        while not fulfilled(value := self.value(expression)):
            if time.monotonic() > end:
                raise TimeoutError(f"{expression}: {value!r}")
            time.sleep(0.05)
        return value

    def click(self, selector: str, across: float = 0.5, down: float = 0.5) -> None:
        """Press the mouse on a place of an element, in shares of its width and height."""
        box = self.value(
            f"(() => {{ const one = document.querySelector({json.dumps(selector)});"
            "one.scrollIntoView({block: 'center'}); const box = one.getBoundingClientRect();"
            "return [box.x, box.y, box.width, box.height]; })()"
        )
        at = {"x": box[0] + across * box[2], "y": box[1] + down * box[3]}
        for kind in ("mousePressed", "mouseReleased"):
            self.ask("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **at)

    def press(self, key: str, shift: bool = False) -> None:
        """Press a key."""
        text = {" ": " ", "Enter": "\r"}.get(key, key if len(key) == 1 else "")
        code = KEYS.get(key, f"Digit{key}" if key.isdigit() else f"Key{key.upper()}")
        number = CODES.get(key, ord(key[0].upper()))
        common = {"key": key, "code": code, "windowsVirtualKeyCode": number, "modifiers": 8 * shift}
        down = {"type": "keyDown", "text": text} if text else {"type": "rawKeyDown"}
        self.ask("Input.dispatchKeyEvent", **down, **common)
        self.ask("Input.dispatchKeyEvent", type="keyUp", **common)

    def picture(self, path: Path, full: bool = False) -> None:
        """Write what is seen, or the whole page, as a PNG."""
        answer = self.ask("Page.captureScreenshot", captureBeyondViewport=full, format="png")
        path.write_bytes(base64.b64decode(answer["data"]))

    def close(self) -> None:
        """End the browser."""
        self._process.terminate()
        self._process.wait(PATIENCE)
        os.close(self._to)
        os.close(self._from)
