"""The tour of README.md, the operator's steps of docs/hub.md and the next steps that tools/demo prints, typed as they
stand.

Every sh block of the tour is run as it is printed, but for two things: the tour's folder is one of the test's own, and
the hub takes free ports. The commands run with a HOME of their own in a folder that holds nothing but the build, as in
a fresh clone. What comes out must be what the README says.

usage: tour_test.py --theta PATH --work FOLDER
"""

import json
import os
import re
import signal
import subprocess
import sys

from theta_processes import PATIENCE_S, Failed, main, start

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOUR_FOLDER = "/tmp/theta-tour"
TOUR_ADDRESS = "127.0.0.1:4433"


def tour_blocks():
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
        tour = file.read().split("## A two-minute tour")[1].split("\n## ")[0]
    blocks = re.findall(r"```sh\n(.*?)```", tour, re.DOTALL)
    if len(blocks) != 2 or "theta hub" not in blocks[0]:
        raise Failed(f"expected two sh blocks in the README's tour, the first starting the hub, got {len(blocks)}")
    return blocks


def expect(printed, *patterns):
    """Each pattern must match behind where the one before it did."""
    position = 0
    for pattern in patterns:
        found = re.compile(pattern, re.MULTILINE).search(printed, position)
        if not found:
            raise Failed(f"expected /{pattern}/ from here on:\n{printed[position:]}")
        position = found.end()


class Tour:
    def __init__(self, options):
        self.work = options.work
        os.makedirs(os.path.join(self.work, "home"))
        # The commands name build/release/bin/theta, as in a clone.
        self.clone = os.path.join(self.work, "clone")
        folder = os.path.join(self.clone, "build", "release", "bin")
        os.makedirs(folder)
        os.symlink(os.path.abspath(options.theta), os.path.join(folder, "theta"))
        self.tour = os.path.join(self.work, "tour")
        self.environment = {name: value for name, value in os.environ.items()
                            if not name.startswith("THETA_") and name != "XDG_DATA_HOME"}
        self.environment["HOME"] = os.path.join(self.work, "home")
        self.served = None

    def start(self, command):
        """Something that serves until it is ended; in a group of its own, so that all of it can be."""
        self.served = start(["bash", "-c", command], cwd=self.clone, env=self.environment, text=True,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                            start_new_session=True)

    def end(self, how):
        if self.served is None:
            return
        os.killpg(self.served.pid, how)
        self.served.wait(timeout=PATIENCE_S)
        self.served.stdout.close()
        self.served = None

    def start_hub(self, block):
        self.start(block)
        line = self.served.stdout.readline()
        if not line:
            raise Failed("the tour's hub ended before it was ready")
        return json.loads(line)["quic"]

    def type(self, block):
        done = subprocess.run(["bash", "-e", "-o", "pipefail", "-c", block], cwd=self.clone, env=self.environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_S)
        if done.returncode != 0:
            raise Failed(f"typing this ended with {done.returncode}:\n{block}\n{done.stdout}{done.stderr}")
        return done.stdout

    def readme(self):
        serve, take_part = (block.replace(TOUR_FOLDER, self.tour) for block in tour_blocks())
        if TOUR_ADDRESS not in serve or TOUR_ADDRESS not in take_part:
            raise Failed(f"expected the address {TOUR_ADDRESS} in both blocks")
        address = self.start_hub(serve.replace(TOUR_ADDRESS, "127.0.0.1:0 --http 127.0.0.1:0"))
        printed = self.type(take_part.replace(TOUR_ADDRESS, address))
        state = "[0-9a-f]{64}"
        expect(printed,
               r'^submitted .*ids=\["1:1"\]', r"^settled .*how=acknowledged",  # Ann makes a box,
               r"^submitted ", r"^submitted ", r"^settled .*how=acknowledged",  # Bob moves it and moves it back
               r'^  1:1  "box"  at 0 1 0$',
               r"^2CylinderEngine.glb: \d+ entities, \d+ assets", r"^scene.glb: \d+ nodes, \d+ bytes$",
               rf"^{state}$", rf"^{state}$", r'"atelier".* clean, state', r'"atelier".* clean, state')
        hashes = re.findall(rf"(?:^|clean, state )({state})$", printed, re.MULTILINE)
        if len(hashes) != 4 or len(set(hashes)) != 1:
            raise Failed(f"expected one state, shown four times, got {hashes}")
        if os.path.getsize(os.path.join(self.tour, "scene.glb")) == 0:
            raise Failed("the exported scene is empty")
        self.readme_kill(serve.replace(TOUR_ADDRESS, f"{address} --http 127.0.0.1:0"), hashes[0])

    def readme_kill(self, serve_again, state):
        """ "Kill the hub (`kill -9`), start it again: nothing that was acknowledged is gone." """
        self.end(signal.SIGKILL)
        self.start_hub(serve_again)
        printed = self.type(f"build/release/bin/theta log verify {self.tour}/hub")
        expect(printed, rf"clean, state {state}$")
        self.end(signal.SIGTERM)

    def operators_steps(self):
        """ docs/hub.md, "Rooms and links", with free ports and this machine's name in the place of hub.example."""
        with open(os.path.join(ROOT, "docs", "hub.md"), encoding="utf-8") as file:
            section = file.read().split("## Rooms and links")[1].split("\n## ")[0]
        blocks = [block.strip() for block in re.findall(r"```sh\n(.*?)```", section, re.DOTALL)]
        if len(blocks) != 3:
            raise Failed(f"expected three sh blocks in docs/hub.md, \"Rooms and links\", got {blocks}")
        serve, make_room, invite = ('PATH="$PWD/build/release/bin:$PATH"\n' + block for block in blocks)
        editor = os.path.join(self.work, "editor")
        os.makedirs(editor)
        with open(os.path.join(editor, "index.html"), "w", encoding="utf-8") as file:
            file.write("<!doctype html>")
        self.environment["THETA_HUB_EDITOR"] = editor
        address = self.start_hub(serve.replace("[::]:4433", "[::]:0").replace("[::]:4480", "[::]:0"))
        port = address.rsplit(":", 1)[1]
        links = (rf"^theta://127\.0\.0\.1:{port}/", r"^https://127\.0\.0\.1:\d+/r/")
        printed = self.type(make_room.replace("hub.example:4433", f"127.0.0.1:{port}"))
        expect(printed, *links)
        expect(self.type(invite.replace("theta://…", printed.splitlines()[0])), *links)
        self.end(signal.SIGTERM)

    def demo(self):
        self.start(f"exec {os.path.join(ROOT, 'tools', 'demo')}")
        printed = ""
        for line in self.served.stdout:
            printed += line
            if "Press Ctrl-C" in line:
                break
        steps = [line.strip() for line in printed.splitlines() if line.startswith("    ") and "theta=" in line or
                 line.startswith("    $theta ")]
        if len(steps) < 5:
            raise Failed(f"expected the demo's next steps, got:\n{printed}")
        # The demo's data lies below the real clone's build folder.
        os.symlink(os.path.join(ROOT, "build", "demo"), os.path.join(self.clone, "build", "demo"))
        printed = self.type("\n".join(steps))
        expect(printed, r'^ +\d+:\d+  "BoxTextured"', r"^theta://.*#.*\.", r"^demo.glb: \d+ nodes",
               r'"demo".* clean, state')
        self.end(signal.SIGTERM)

    def run(self):
        self.readme()
        self.operators_steps()
        self.demo()
        return "the README's tour, the operator's steps and the demo's next steps work as they stand"


if __name__ == "__main__":
    sys.exit(main(__doc__, Tour))
