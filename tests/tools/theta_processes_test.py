"""What a system test has started ends with it, however it ends."""

import os
import signal
import subprocess
import sys
import tempfile
import unittest

SYSTEM = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "system")

# Starts a process, and a group of two, says who they are, and waits for ever.
WAITING_TEST = """
import subprocess, sys, time
sys.path.insert(0, sys.argv.pop(1))
from theta_processes import Failed, at_end, main, start

class Waiting:
    def __init__(self, options):
        self.work = options.work
    def run(self):
        at_end(lambda: open(self.work + "/undone", "w").close())
        alone = start(["sleep", "1000"])
        group = start(["bash", "-c", "sleep 1000 & echo $!; wait"], stdout=subprocess.PIPE, text=True,
                      start_new_session=True)
        print(alone.pid, group.pid, group.stdout.readline().strip(), flush=True)
        if "fail" in sys.argv:
            raise Failed("on purpose")
        time.sleep(1000)

sys.exit(main("", Waiting, lambda parser: parser.add_argument("how", nargs="?")))
"""


def is_running(pid):
    """False for a process that has ended and waits for whoever inherited it."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rsplit(")", 1)[1].split()[0] not in ("Z", "X")
    except OSError:
        return False


class EndingTest(unittest.TestCase):
    def check(self, number, code, *how):
        with tempfile.TemporaryDirectory() as work:
            command = [sys.executable, "-c", WAITING_TEST, SYSTEM, "--theta", "none", "--work", work, *how]
            test = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            started = [int(pid) for pid in test.stdout.readline().split()]
            self.assertEqual(len(started), 3)
            if number is not None:
                self.assertTrue(all(is_running(pid) for pid in started))
                test.send_signal(number)
            self.assertEqual(test.wait(timeout=60), code)
            test.stdout.close()
            self.assertEqual([pid for pid in started if is_running(pid)], [])
            self.assertTrue(os.path.exists(os.path.join(work, "undone")))

    def test_by_a_signal(self):
        for number in (signal.SIGTERM, signal.SIGHUP):
            self.check(number, 128 + number)

    def test_by_a_failure(self):
        self.check(None, 1, "fail")


if __name__ == "__main__":
    unittest.main()
