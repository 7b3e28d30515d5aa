"""`theta log verify` of a room whose old packets were archived, through the hub and in its folder, and of a folder that
another hub went on with.

usage: log_verify_test.py --theta PATH --work FOLDER
"""

import json
import os
import sys

from theta_processes import Failed, Hub, attempt, main, run

CONFIG = """
[guards]
commands_burst = 100000
commands_per_second = 100000
[rooms]
snapshot_every_records = 16
resume_records_max = 16
archive_after_records = 16
"""


class LogVerify:
    def __init__(self, options):
        self.theta, self.work = options.theta, options.work
        with open(self.path("hub.toml"), "w", encoding="utf-8") as file:
            file.write(CONFIG)

    def path(self, name):
        return os.path.join(self.work, name)

    def start_hub(self, folder):
        hub = Hub(self.theta, self.path(folder), self.path("hub.toml"))
        hub.start()
        return hub

    def visit(self, link, times, name):
        """Every visit leaves at least one record."""
        for index in range(times):
            run([self.theta, "join", link, "--data", self.path("ann")],
                input=json.dumps({"command": "create_entities", "name": f"{name} {index}"}) + "\n")

    def verify(self, target, *options):
        done = attempt([self.theta, "--json", "log", "verify", target, "--data", self.path("ann"), *options])
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        problems = [line["problem"] for line in lines if "problem" in line]
        return done.returncode, problems, lines[-1]

    def expect_clean(self, target, fingerprint, *options):
        code, problems, room = self.verify(target, *options)
        if code != 0 or problems or not room["clean"]:
            raise Failed(f"verifying {target[:20]} ended with {code}: {problems}")
        if room["archived"] == 0 or room["checkpoints"] == 0 or room["hub"] != fingerprint:
            raise Failed(f"expected archived records and checkpoints of {fingerprint}, got {room}")
        return room["state_hash"]

    def run(self):
        hub = self.start_hub("hub")
        link = run([self.theta, "room", "new", "archive", "--hub", hub.listen, "--data", hub.folder])
        self.visit(link, 80, "box")
        states = {self.expect_clean(link, hub.fingerprint), self.expect_clean(hub.folder, hub.fingerprint),
                  self.expect_clean(hub.folder, hub.fingerprint, "--fingerprint", hub.fingerprint)}
        if len(states) != 1:
            raise Failed(f"expected one state, got {states}")
        hub.stop()
        self.go_on_with_another_key(hub, link)
        return "archived rooms verify, and another hub's signatures are told apart"

    def go_on_with_another_key(self, hub, link):
        """Whoever has the folder can sign what comes next, but not as the hub that was there before."""
        os.remove(os.path.join(hub.folder, "hub.key"))
        other = self.start_hub("hub")
        if other.fingerprint == hub.fingerprint:
            raise Failed("expected the hub to make a new key")
        code, problems, _ = self.verify(hub.folder)
        if code != 6 or not any("is signed by the hub" in problem for problem in problems):
            raise Failed(f"verifying a folder with another hub's key ended with {code}: {problems}")
        left = attempt([self.theta, "log", "verify", link.replace(hub.listen, other.listen), "--data",
                        self.path("ann")])
        if left.returncode != 4:
            raise Failed(f"a hub with another key than the link names: ended with {left.returncode}: {left.stderr}")
        other.stop()


if __name__ == "__main__":
    sys.exit(main(__doc__, LogVerify))
