"""What tools/demo says and how it ends: help, wrong options, Ctrl-C, and a hub that goes away.

Each test has a tree of its own with the script in it and, instead of theta, a script that answers as far as the demo
asks. Without a stub it would want the whole build.
"""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import unittest

TOOLS = pathlib.Path(__file__).resolve().parents[2] / "tools"
PATIENCE_S = 60  # A guard against hanging for ever.

# A hub says where it listens, then who it is, and serves; everything else of the demo's is answered with a link.
# Bash has what it starts in the background ignore Ctrl-C, and a script cannot undo that, as a hub does.
THETA = """#!/usr/bin/env -S --default-signal=INT bash
if [[ $1 != hub ]]; then
  echo theta://127.0.0.1:1/ROOM#HUB.INVITE
  exit
fi
if [[ -f fails ]]; then
  echo 'the port is taken' >&2
  exit 3
fi
echo $$ >hub.pid
echo '{"quic":"127.0.0.1:1","http":"127.0.0.1:2","page":"http://127.0.0.1:2","fingerprint":"FINGERPRINT"}'
trap 'exit 0' INT TERM
while :; do sleep 0.05; done
"""


class Demo(unittest.TestCase):
    def setUp(self):
        self.tree = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.tree)
        (self.tree / "tools").mkdir()
        script = (TOOLS / "demo").read_text(encoding="utf-8")
        # The models are only named here, as the room is there already.
        script = script.replace("models=/usr/share/assimp/models/glTF2", "models=.")
        self.script = self.write("tools/demo", script)

    def write(self, path, text):
        file = self.tree / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        file.chmod(0o755)
        return file

    def furnish(self):
        self.write("build/release/bin/theta", THETA)
        self.write("build/demo/link", "theta://127.0.0.1:1/ROOM#HUB.INVITE\n")
        for model in ("2CylinderEngine", "BoxTextured"):
            self.write(f"{model}-glTF-Binary/{model}.glb", "")

    def run_demo(self, *options):
        return subprocess.run([self.script, *options], capture_output=True, text=True, timeout=PATIENCE_S, check=False)

    def start(self):
        """Serves when this returns."""
        self.furnish()
        demo = subprocess.Popen([self.script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                start_new_session=True)
        self.addCleanup(self.end, demo)
        for line in demo.stdout:
            if "Press Ctrl-C" in line:
                return demo
        self.fail(f"the demo ended before it served: {demo.stderr.read()}")

    def end(self, demo):
        if demo.poll() is None:
            os.killpg(demo.pid, signal.SIGKILL)
        demo.communicate(timeout=PATIENCE_S)

    def hub_pid(self):
        return int((self.tree / "hub.pid").read_text(encoding="utf-8"))

    def assert_gone(self, pid):
        with self.assertRaises(ProcessLookupError):
            os.kill(pid, 0)

    def test_help_needs_nothing_built(self):
        done = self.run_demo("--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("usage: tools/demo [--once | --help]", done.stdout)

    def test_what_is_no_option_is_refused_with_a_sentence(self):
        for option in ("--frob", "once", ""):
            done = self.run_demo(option)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertEqual(done.stderr, f"theta: tools/demo takes --once or --help, got '{option}'; "
                                          "see tools/demo --help\n")

    def test_ctrl_c_ends_it_and_the_hub_without_a_word(self):
        demo = self.start()
        hub = self.hub_pid()
        os.killpg(demo.pid, signal.SIGINT)
        _, errors = demo.communicate(timeout=PATIENCE_S)
        self.assertEqual((demo.returncode, errors), (0, ""))
        self.assert_gone(hub)

    def test_a_hub_that_is_killed_is_one_sentence_and_an_exit_code(self):
        demo = self.start()
        os.kill(self.hub_pid(), signal.SIGKILL)
        _, errors = demo.communicate(timeout=PATIENCE_S)
        self.assertEqual(demo.returncode, 1)
        self.assertEqual(errors.count("\n"), 1, errors)
        self.assertRegex(errors, r"^theta: the hub ended by itself \(signal KILL\)\. .* start this again to go on\.")

    def test_a_hub_that_cannot_start_is_told_with_its_reason(self):
        self.furnish()
        self.write("fails", "")
        done = self.run_demo()
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertIn("the hub ended before it was ready; build/demo/hub.log says: the port is taken", done.stderr)

    def test_once_ends_when_the_room_is_ready(self):
        self.furnish()
        done = self.run_demo("--once")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("theta://127.0.0.1:1/ROOM#HUB.INVITE", done.stdout)
        self.assert_gone(self.hub_pid())


if __name__ == "__main__":
    unittest.main()
