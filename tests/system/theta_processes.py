"""Starts and stops real theta processes for the tests in this folder, and reads what they print.

Whatever ends a test, its own end, a failure, Ctrl-C, SIGTERM or SIGHUP, ends what it started too (`main`).
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

PATIENCE_S = 120  # A guard against hanging for ever; nothing is expected to take near as long.


class Failed(Exception):
    """A process did what it must not; the message says which and shows its output."""


class _Ending:
    """What must not outlive this program."""

    processes = []
    actions = []
    is_starting = False
    signal = None

    @classmethod
    def on_signal(cls, number, _frame):
        cls.signal = number
        # A process that is being started is not in the list yet.
        if not cls.is_starting:
            sys.exit(128 + number)

    @classmethod
    def end_everything(cls):
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        for process, leads_group in cls.processes:
            if process.poll() is not None:
                continue
            if leads_group:
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
            process.wait()
        for action in reversed(cls.actions):
            action()


def start(command, **options):
    """A process that ends with this program at the latest, and its group with it when it leads a session."""
    _Ending.is_starting = True
    try:
        process = subprocess.Popen(command, **options)
        _Ending.processes.append((process, options.get("start_new_session", False)))
    finally:
        _Ending.is_starting = False
    if _Ending.signal is not None:
        sys.exit(128 + _Ending.signal)
    return process


def at_end(action):
    """Something to undo when this program ends, after all processes have; the newest first."""
    _Ending.actions.append(action)


def main(description, make_test, more_options=None):
    """The main program of a test: a class that takes the parsed options, and whose run() returns what is printed.

    The folder `--work` is empty when the test is made.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--theta", required=True)
    parser.add_argument("--work", required=True)
    if more_options is not None:
        more_options(parser)
    options = parser.parse_args()
    options.work = os.path.abspath(options.work)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _Ending.on_signal)
    try:
        shutil.rmtree(options.work, ignore_errors=True)
        os.makedirs(options.work, exist_ok=True)
        print(make_test(options).run())
    except Failed as failure:
        print(f"FAILED: {failure}")
        return 1
    finally:
        _Ending.end_everything()
    return 0


def attempt(arguments, **options):
    """Runs a command to its end, which may be a bad one. Its input is empty unless given."""
    if "input" not in options:
        options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run(arguments, capture_output=True, text=True, timeout=PATIENCE_S, **options)


def run(arguments, **options):
    """Runs a command that must succeed and returns what it printed."""
    done = attempt(arguments, **options)
    if done.returncode != 0:
        printed = done.stdout[-2000:] + done.stderr[-2000:]
        raise Failed(f"{' '.join(arguments[:3])} … ended with {done.returncode}:\n{printed}")
    return done.stdout.strip()


def link_of(arguments, **options):
    """The link that `room new` or `invite` prints first; a second line is for browsers."""
    return run(arguments, **options).splitlines()[0]


class Hub:
    """A hub that can be killed and started again at the same address."""

    def __init__(self, theta, folder, config, before_exec=None, http="127.0.0.1:0"):
        self.theta, self.folder, self.config, self.before_exec = theta, folder, config, before_exec
        self.listen = "127.0.0.1:0"
        self.listen_http = http
        self.process = None
        self.fingerprint = None

    def start(self):
        command = [self.theta, "hub", "--data", self.folder, "--listen", self.listen, "--http", self.listen_http,
                   "--config", self.config]
        self.process = start(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                             preexec_fn=self.before_exec)
        line = self.process.stdout.readline()
        if not line:
            raise Failed(f"the hub ended with {self.process.wait()} before it was ready")
        ready = json.loads(line)
        self.listen, self.fingerprint = ready["quic"], ready["fingerprint"]
        self.http = ready["http"]

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.process.terminate()
        if self.process.wait(timeout=PATIENCE_S) != 0:
            raise Failed(f"the hub ended with {self.process.returncode}")


class Peer:
    """A `theta join` whose input is written here and whose events are collected."""

    def __init__(self, theta, link, folder, name):
        self.theta, self.link, self.folder, self.name = theta, link, folder, name
        self.acknowledged = {}  # (nonce, index) -> seq
        self.conflicts = 0
        self.submitted = 0
        self.bad_lines = []
        self.notices = []
        self.ids = []
        self.process = None

    def start(self):
        command = [self.theta, "--json", "join", self.link, "--as", self.name, "--data", self.folder, "--timeout", "60"]
        self.process = start(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                             bufsize=1)
        self.reader = threading.Thread(target=self._read, args=(self.process,), daemon=True)
        self.reader.start()

    def _read(self, process):
        for line in process.stdout:
            try:
                event = json.loads(line)
            except ValueError:
                continue  # The last line of a killed process may be torn.
            self._note(event)

    def _note(self, event):
        kind = event.get("event")
        if kind == "settled" and event["how"] == "acknowledged":
            self.acknowledged[(event["nonce"], event["index"])] = event["seq"]
        elif kind == "submitted":
            self.ids.extend(event.get("ids", []))
        elif kind == "conflict":
            self.conflicts += 1
        elif kind == "notice":
            self.notices.append(event["kind"])
        elif kind == "bad_line":
            self.bad_lines.append(event["text"])

    def send(self, command):
        try:
            self.process.stdin.write(json.dumps(command) + "\n")
            self.process.stdin.flush()
            self.submitted += 1
        except (BrokenPipeError, ValueError):
            pass  # It was killed in the meantime; what it had not read was never submitted.

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()

    def finish(self):
        """Ends the input; the process leaves when everything is settled."""
        self.process.stdin.close()
        code = self.process.wait(timeout=PATIENCE_S)
        self.reader.join()
        if code not in (0, 1):  # 1: some commands could not work on the scene, which random edits may earn.
            raise Failed(f"{self.name} ended with {code}: {self.process.stderr.read()[-2000:]}")


def wait_until(condition, what):
    """Waits for a condition, never for a time."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            raise Failed(f"waited in vain for {what}")
        time.sleep(0.02)
