"""A real hub whose disk is full, and has space again.

As root the hub's data folder is a small file system in memory that a filler nearly fills; else the size of the hub's
files is limited, which the system answers in the same places. A peer writes until the hub says that the room is
read-only, and goes on writing into that. Then there is space again: the room must become writable, every command must
be settled, everything that was acknowledged must be in the log, and `theta log verify` must find nothing.

usage: full_disk_test.py --theta PATH --work FOLDER
"""

import json
import os
import resource
import signal
import subprocess
import sys
import urllib.request

from theta_processes import Failed, Hub, Peer, at_end, link_of, main, run, wait_until

CONFIG = """
[guards]
commands_burst = 100000
commands_per_second = 100000
"""
DISK_BYTES = 24 << 20
SPACE_BYTES = 3 << 20  # what the hub has before its disk is full


class SmallDisk:
    """A file system of its own."""

    name = "tmpfs"

    def __init__(self, folder):
        self.folder = folder
        self.filler = os.path.join(folder, "filler")
        self.limit = None

    def mount(self):
        self.remove()  # what a killed test left
        os.makedirs(self.folder, exist_ok=True)
        at_end(self.remove)
        command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "theta-full-disk-test", self.folder]
        if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode != 0:
            return False
        with open(self.filler, "wb") as file:
            file.write(bytes(DISK_BYTES - SPACE_BYTES))
        return True

    def give_space(self, _hub):
        os.remove(self.filler)

    def remove(self):
        if os.path.ismount(self.folder):
            subprocess.run(["umount", self.folder], check=True)


class SmallFiles:
    """For whoever may not mount: no file of the hub may grow beyond a limit."""

    name = "RLIMIT_FSIZE"

    @staticmethod
    def limit():
        # Ignored, so that a write fails instead of ending the process.
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (SPACE_BYTES, resource.RLIM_INFINITY))

    @staticmethod
    def give_space(hub):
        resource.prlimit(hub.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


class FullDisk:
    def __init__(self, options):
        self.theta, self.work = options.theta, options.work
        with open(self.path("hub.toml"), "w", encoding="utf-8") as file:
            file.write(CONFIG)
        self.disk = SmallDisk(self.path("disk"))
        if not self.disk.mount():
            self.disk = SmallFiles()
        print(f"the small disk is {self.disk.name}", flush=True)
        self.hub = Hub(self.theta, self.path("disk/hub"), self.path("hub.toml"), self.disk.limit)
        self.peer = None

    def path(self, name):
        return os.path.join(self.work, name)

    def has_heard(self, notice):
        return lambda: self.peer.process.poll() is not None or notice in self.peer.notices

    def wait_for(self, notice):
        wait_until(self.has_heard(notice), f"the notice {notice}")
        if notice not in self.peer.notices:
            raise Failed(f"the peer ended before it heard {notice}")

    def write_some(self):
        entities = [{"name": f"{self.peer.submitted} {index} " + "x" * 200} for index in range(100)]
        self.peer.send({"command": "create_entities", "entities": entities})

    def write_until_full(self):
        def is_full():
            self.write_some()
            return self.has_heard("room_read_only")()

        wait_until(is_full, "the disk to be full")
        self.wait_for("room_read_only")
        for _ in range(20):
            self.write_some()

    def failures_counted(self):
        with urllib.request.urlopen(f"http://{self.hub.http}/metrics", timeout=30) as answer:
            metrics = answer.read().decode()
        return sum(float(line.split()[-1]) for line in metrics.splitlines()
                   if "store_failures" in line and not line.startswith("#"))

    def check_log(self):
        in_log = {}
        for line in run([self.theta, "--json", "log", "show", self.hub.folder]).splitlines():
            record = json.loads(line)
            if "seq" in record:
                in_log[(record["author"], record["nonce"])] = record["seq"]
        author = run([self.theta, "key", "show", "--data", self.peer.folder])
        for (nonce, _), seq in self.peer.acknowledged.items():
            found = in_log.get((author, nonce))
            if found != seq:
                raise Failed(f"command {nonce} was acknowledged at record {seq}, the log has {found}")
        for target in (self.link, self.hub.folder):
            run([self.theta, "log", "verify", target, "--data", self.peer.folder])

    def run(self):
        self.hub.start()
        self.link = link_of([self.theta, "room", "new", "full", "--hub", self.hub.listen, "--data", self.hub.folder])
        self.peer = Peer(self.theta, self.link, self.path("ann"), "ann")
        self.peer.start()
        self.write_until_full()
        if self.failures_counted() == 0:
            raise Failed("the hub counts no failure of its store")
        self.disk.give_space(self.hub)
        self.wait_for("room_writable")
        self.write_some()
        self.peer.finish()
        if len(self.peer.acknowledged) != self.peer.submitted:
            raise Failed(f"{self.peer.submitted} commands were sent, {len(self.peer.acknowledged)} acknowledged")
        self.check_log()
        self.hub.stop()
        run([self.theta, "log", "verify", self.hub.folder])
        return json.dumps({"disk": self.disk.name, "acknowledged": len(self.peer.acknowledged)})


if __name__ == "__main__":
    sys.exit(main(__doc__, FullDisk))
