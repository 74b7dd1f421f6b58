#!/usr/bin/python3
"""Drives the real window under Xvfb as a person would, and fails loudly when it does not do as promised.

usage: drive_window.py PROGRAM MODEL [--shots FOLDER]

Types a Chinese prompt, generates, sees previews change and the picture arrive; drops a preset by XDND; starts it a second
time, which must come to the first; kills the program in the midst of a job and goes on with it; closes while it paints;
reads and presses through AT-SPI; measures the time to the first window, what idling costs, and how long the window's own
code takes for a frame. Needs Xvfb, openbox, xdotool, dbus, at-spi2, python3-xlib and
python3-pyatspi (packaging/test installs them).
"""
import argparse
import json
import os
import pathlib
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zlib

PROMPT = "黄色太阳下的绿色山峦"
MORE = "，水彩"
PRESET = {"version": 1, "name": "窄画", "width": 144, "height": 256, "steps": 5, "seed": 7, "count": 1}
LONG = {"version": 1, "name": "长任务", "width": 256, "height": 256, "steps": 50, "count": 8}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--shots", type=pathlib.Path, default=None)
    options = parser.parse_args()
    if "DANQING_DRIVEN" not in os.environ:
        # AT-SPI needs a session bus of its own, so that the machine's settings stay as they are.
        os.environ["DANQING_DRIVEN"] = "1"
        # xdotool reads what it is to type in the locale's encoding.
        os.environ["LC_ALL"] = "C.UTF-8"
        os.execvp("dbus-run-session", ["dbus-run-session", "--", sys.executable, *sys.argv])
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(options, pathlib.Path(folder))
        try:
            drive(desk)
        finally:
            desk.close()
    print("the window keeps its promises")


def drive(desk):
    first_start(desk)
    paint(desk)
    idle(desk)
    drop(desk)
    second_start(desk)
    crash(desk)
    close(desk)
    frames(desk)


def first_start(desk):
    seconds = desk.start()
    print(f"first window after {seconds:.2f} s")
    desk.wait("the model is loaded", lambda: desk.find("push button", "生成") is not None)
    desk.shot("first")
    for role, name in [("text", "提示词"), ("slider", "宽度"), ("slider", "高度"), ("slider", "步数"), ("push button", "生成")]:
        check(desk.find(role, name) is not None, f"AT-SPI has a {role} called {name}")


def paint(desk):
    desk.focus_prompt()
    desk.type(PROMPT)
    desk.wait("the draft is saved", lambda: desk.draft().get("prompt") == PROMPT)
    desk.keys("ctrl+Return")
    seen, deadline = set(), time.monotonic() + 180
    while not desk.pictures():
        if time.monotonic() > deadline:
            check(False, "the picture is finished within three minutes")
        seen.add(desk.canvas())
        if desk.queue():
            desk.shot("painting")
        time.sleep(0.1)
    check(len(seen) >= 3, f"previews change while it paints ({len(seen)} different views)")
    desk.wait("the queue is empty", lambda: not desk.queue())
    time.sleep(1.0)
    desk.shot("picture")
    picture = desk.pictures()[0].read_bytes()
    check(PROMPT.encode() in picture or zlib_text(picture, PROMPT), "the picture says what it was made from")
    # The same once more, pressed by a screen reader.
    check(desk.press("push button", "生成"), "Generate can be pressed through AT-SPI")
    desk.wait("a second picture", lambda: len(desk.pictures()) == 2, 180)


def idle(desk):
    desk.wait("the queue is empty", lambda: not desk.queue())
    time.sleep(7.0)
    before, since = desk.cpu(), time.monotonic()
    time.sleep(6.0)
    share = (desk.cpu() - before) / (time.monotonic() - since)
    print(f"idle costs {100 * share:.2f} % of one processor")
    check(share < 0.01, "idle costs less than one percent")


def drop(desk):
    preset = desk.folder / "预设 窄.json"
    preset.write_text(json.dumps(PRESET, ensure_ascii=False))
    desk.drop([preset])
    desk.wait("the sliders follow a dropped preset", lambda: desk.draft().get("steps") == PRESET["steps"])
    size = desk.draft()["size"]
    check((size["width"], size["height"]) == (PRESET["width"], PRESET["height"]), "the size is the preset's")
    check(desk.draft()["prompt"] == PROMPT, "the prompt stays as it was")
    desk.shot("dropped")


def second_start(desk):
    """Another start opens no second window: what it was to open appears in the first."""
    preset = desk.folder / "second.json"
    preset.write_text(json.dumps({"version": 1, "name": "二", "steps": 3}))
    environment = {**os.environ, "DANQING_HOME": str(desk.home)}
    second = subprocess.run([desk.options.program, preset], env=environment, timeout=30)
    check(second.returncode == 0, "a second start ends by itself")
    desk.wait("its file is opened by the first", lambda: desk.draft().get("steps") == 3)


def crash(desk):
    long = desk.folder / "long.json"
    long.write_text(json.dumps(LONG, ensure_ascii=False))
    desk.drop([long])
    desk.wait("the long preset is applied", lambda: desk.draft().get("steps") == LONG["steps"])
    desk.keys("ctrl+Return")
    desk.wait("a job runs", lambda: any(job["state"] == "running" for job in desk.queue()))
    desk.focus_prompt()
    desk.keys("End")
    desk.type(MORE)
    words = PROMPT + MORE
    desk.wait("the draft is saved", lambda: desk.draft().get("prompt") == words)
    before = {path: path.read_bytes() for path in desk.pictures()}
    desk.kill()
    desk.start()
    desk.wait("the queue is offered", lambda: desk.find("push button", "继续") is not None)
    desk.shot("recovered")
    check(desk.draft()["prompt"] == words, "the draft is there again")
    check(all(path.read_bytes() == content for path, content in before.items()), "finished pictures are intact")
    check(desk.press("push button", "继续"), "the queue can be gone on with")
    desk.wait("the job runs again", lambda: any(job["state"] == "running" for job in desk.queue()))


def close(desk):
    desk.ask_to_close()
    desk.wait("closing asks", lambda: desk.find("push button", "继续绘制") is not None)
    desk.shot("closing")
    check(desk.press("push button", "继续绘制"), "the question can be answered")
    desk.wait("the question goes", lambda: desk.find("push button", "继续绘制") is None)
    check(desk.process.poll() is None, "the window stays")
    desk.ask_to_close()
    desk.wait("closing asks again", lambda: desk.find("push button", "继续绘制") is not None)
    check(desk.press("push button", "关闭"), "closing can be insisted on")
    desk.wait("the program ends", lambda: desk.process.poll() is not None, 20)
    check(desk.process.returncode == 0, f"it ends well ({desk.process.returncode})")
    check(len(desk.queue()) == 1, "the job that was painted waits for the next start")


def frames(desk):
    """Prints, and asserts nothing: other work on the machine counts in."""
    times = json.loads(desk.frame_log.read_text())
    print(
        "own code for a frame, while the model paints on the same processor: "
        f"{times['p50_ms']:.1f} ms in the middle, {times['p95_ms']:.1f} ms for 95 of 100, {times['max_ms']:.1f} ms at most, "
        f"of {times['frames']} frames"
    )


def check(held, promise):
    print(("ok    " if held else "FAIL  ") + promise, flush=True)
    if not held:
        raise SystemExit(1)


def zlib_text(png, text):
    """Whether a compressed text chunk of `png` holds `text`."""
    at = 8
    while at + 8 < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        body = png[at + 8 : at + 8 + length]
        if kind in (b"iTXt", b"zTXt"):
            for start in range(len(body) - 1):
                if body[start] == 0x78:
                    try:
                        if text.encode() in zlib.decompress(body[start:]):
                            return True
                    except zlib.error:
                        pass
        at += 12 + length
    return False


class Desk:
    """A display, a bus, a window manager and the program."""

    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.home = folder / "home"
        self.frame_log = folder / "frames.json"
        (self.home / "config").mkdir(parents=True)
        (self.home / "config" / "settings.toml").write_text('language = "zh-CN"\ntheme = "dark"\n')
        read, write = os.pipe()
        screen = ["-screen", "0", "1400x960x24", "-nolisten", "tcp"]
        self.helpers = [subprocess.Popen(["Xvfb", "-displayfd", str(write), *screen], pass_fds=[write])]
        os.close(write)
        os.environ["DISPLAY"] = ":" + os.read(read, 16).decode().strip()
        os.environ.pop("WAYLAND_DISPLAY", None)
        self.helpers.append(subprocess.Popen(["openbox"], stderr=subprocess.DEVNULL))
        self.accessibility()
        from Xlib import display

        self.display = display.Display()
        self.lay_keys(PROMPT + MORE)
        self.process = self.window = None

    def accessibility(self):
        self.helpers.append(subprocess.Popen(["/usr/libexec/at-spi-bus-launcher", "--launch-immediately"]))
        time.sleep(0.5)
        for name in ["IsEnabled", "ScreenReaderEnabled"]:
            subprocess.run(
                ["dbus-send", "--session", "--dest=org.a11y.Bus", "--print-reply=literal", "/org/a11y/bus"]
                + ["org.freedesktop.DBus.Properties.Set", "string:org.a11y.Status", f"string:{name}", "variant:boolean:true"],
                check=True,
                stdout=subprocess.DEVNULL,
            )
        import pyatspi

        self.pyatspi = pyatspi

    def start(self):
        """Starts the program; returns the seconds until its window is there."""
        environment = {**os.environ, "DANQING_HOME": str(self.home), "DANQING_DEMO_MODEL": str(self.options.model)}
        environment["DANQING_FRAME_LOG"] = str(self.frame_log)
        since = time.monotonic()
        self.process = subprocess.Popen([self.options.program], env=environment)
        self.window = None
        self.wait("a window", self.look_for_window, 30, pause=0.01)
        seconds = time.monotonic() - since
        time.sleep(1.0)
        subprocess.run(["xdotool", "windowfocus", "--sync", str(self.window.id)], check=True)
        return seconds

    def look_for_window(self):
        check_alive(self.process)

        def search(window):
            found = window.get_wm_class()
            if found and "danqing" in found and window.get_attributes().map_state == 2:
                return window
            for child in window.query_tree().children:
                hit = search(child)
                if hit:
                    return hit
            return None

        try:
            self.window = search(self.display.screen().root)
        except Exception:  # A window that went away while it was looked at.
            self.window = None
        return self.window is not None

    def wait(self, what, happened, patience=60, pause=0.1):
        deadline = time.monotonic() + patience
        while not happened():
            if time.monotonic() > deadline:
                self.shot("failed")
                check(False, what)
            time.sleep(pause)
        if pause >= 0.1:
            check(True, what)

    def keys(self, *keys):
        subprocess.run(["xdotool", "key", "--clearmodifiers", *keys], check=True)
        time.sleep(0.3)

    def focus_prompt(self):
        self.keys("ctrl+l")
        self.wait("the prompt has the keyboard", lambda: self.focused("text", "提示词"))

    def focused(self, role, name):
        node = self.find(role, name)
        return node is not None and node.getState().contains(self.pyatspi.STATE_FOCUSED)

    def type(self, text):
        subprocess.run(["xdotool", "type", "--delay", "120", text], check=True)

    def lay_keys(self, text):
        """Puts the letters of `text` on spare keys for good: xdotool would move one spare key from letter to letter,
        which a busy window reads too late."""
        first = self.display.display.info.min_keycode
        last = self.display.display.info.max_keycode
        table = self.display.get_keyboard_mapping(first, last - first + 1)
        spare = [first + place for place, symbols in enumerate(table) if not any(symbols)]
        for code, letter in zip(spare, sorted(set(text)), strict=False):
            self.display.change_keyboard_mapping(code, [[0x01000000 + ord(letter)] * 2])
        self.display.sync()

    def drop(self, files):
        import xdnd

        xdnd.drop(self.display, self.window, files)

    def ask_to_close(self):
        self.keys("alt+F4")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def read(self, name, key):
        try:
            return json.loads((self.home / "data" / name).read_text())[key]
        except (OSError, ValueError, KeyError):
            return {}

    def draft(self):
        return self.read("session.json", "draft")

    def queue(self):
        return self.read("queue.json", "jobs") or []

    def pictures(self):
        return sorted((self.home / "pictures").glob("*.png"))

    def cpu(self):
        """Seconds of processor time so far."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def nodes(self):
        def walk(node, depth):
            if node is None or depth > 40:
                return
            yield node
            for child in node:
                yield from walk(child, depth + 1)

        for program in self.pyatspi.Registry.getDesktop(0):
            if program is not None and program.get_process_id() == self.process.pid:
                yield from walk(program, 0)

    def find(self, role, name):
        try:
            for node in self.nodes():
                if node.name == name and node.getRoleName() in ROLES[role]:
                    return node
        except Exception:  # The tree changed while it was read.
            pass
        return None

    def press(self, role, name):
        node = self.find(role, name)
        return node is not None and node.queryAction().doAction(0)

    def pixels(self):
        from Xlib import X

        # From the screen, so that dialogs of the system would show too; what lies beyond its edge cannot be read.
        screen, size = self.display.screen(), self.window.get_geometry()
        corner = screen.root.translate_coords(self.window, 0, 0)
        x, y = abs(corner.x), abs(corner.y)
        width = min(size.width, screen.width_in_pixels - x)
        height = min(size.height, screen.height_in_pixels - y)
        image = screen.root.get_image(x, y, width, height, X.ZPixmap, 0xFFFFFFFF)
        return width, height, image.data

    def canvas(self):
        """What the middle of the window shows, as a number."""
        width, height, data = self.pixels()
        rows = range(height // 4, height * 3 // 4, 8)
        middle = [data[(y * width + width // 3) * 4 : (y * width + width * 2 // 3) * 4] for y in rows]
        return zlib.crc32(b"".join(middle))

    def shot(self, name):
        """Keeps what the window shows as a PNG."""
        if self.options.shots is None or self.window is None:
            return
        width, height, data = self.pixels()
        rows = bytearray()
        for y in range(height):
            row = data[y * width * 4 : (y + 1) * width * 4]
            pixels = bytearray(width * 3)
            pixels[0::3], pixels[1::3], pixels[2::3] = row[2::4], row[1::4], row[0::4]
            rows += b"\0" + pixels

        def chunk(kind, body):
            return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

        self.options.shots.mkdir(parents=True, exist_ok=True)
        head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
        png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(rows), 6)) + chunk(b"IEND", b"")
        (self.options.shots / f"{name}.png").write_bytes(png)

    def close(self):
        for process in [self.process, *reversed(self.helpers)]:
            if process is not None and process.poll() is None:
                process.terminate()
                try:
                    process.wait(5)
                except subprocess.TimeoutExpired:
                    process.kill()


# Versions of AT-SPI name some roles differently.
ROLES = {"push button": {"push button", "button"}, "slider": {"slider"}, "text": {"text", "entry"}}


def check_alive(process):
    if process.poll() is not None:
        check(False, f"the program is alive (it ended with {process.returncode})")


main()
