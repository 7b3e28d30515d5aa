"""What a bad or refused import leaves in a room: nothing.

A bad file among good ones must not change the room at all. A file that the room refuses half-way, here for its quota of
entities, must be taken back; files before it stay, and the room takes others afterwards.

usage: import_test.py --theta PATH --work FOLDER
"""

import json
import os
import sys

from theta_processes import Failed, Hub, attempt, link_of, main, run

QUOTA = 1000
CONFIG = f"""
[guards]
entities_per_room_max = {QUOTA}
"""
GOOD = "/usr/share/assimp/models/glTF2/BoxTextured-glTF-Binary/BoxTextured.glb"


class Import:
    def __init__(self, options):
        self.theta, self.work = options.theta, options.work
        with open(self.path("hub.toml"), "w", encoding="utf-8") as file:
            file.write(CONFIG)
        self.hub = Hub(self.theta, self.path("hub"), self.path("hub.toml"))

    def path(self, name):
        return os.path.join(self.work, name)

    def gltf(self, name, nodes):
        with open(self.path(name), "w", encoding="utf-8") as file:
            json.dump({"asset": {"version": "2.0"}, "scene": 0, "scenes": [{"nodes": list(range(nodes))}],
                       "nodes": [{"name": f"node {index} " + "x" * 200} for index in range(nodes)]}, file)
        return self.path(name)

    def look(self, what):
        printed = run([self.theta, "--json", "join", self.link, "--once", "--print", what, "--data", self.path("ann")])
        return json.loads(printed.splitlines()[-1])

    def names(self):
        return [entity.get("name") for entity in self.look("scene")["entities"]]

    def refused_import(self, code, words, *files):
        done = attempt([self.theta, "--json", "import", self.link, *files, "--data", self.path("ann")])
        error = json.loads(done.stderr.splitlines()[-1])
        if done.returncode != code or words not in error["error"]:
            raise Failed(f"expected {code} and \"{words}\", the import ended with {done.returncode}: {error}")
        return done.stdout

    def bad_file_changes_nothing(self):
        with open(GOOD, "rb") as file:
            whole = file.read()
        with open(self.path("torn.glb"), "wb") as file:
            file.write(whole[:len(whole) // 2])
        before = self.look("state-hash")
        torn = self.path("torn.glb")
        for code, *files in ((5, GOOD, torn), (5, torn, GOOD), (1, GOOD, self.path("absent.glb"))):
            self.refused_import(code, ".glb", *files)
            if self.look("state-hash") != before:
                raise Failed(f"importing {files} left something in the room")

    def refused_file_is_taken_back(self):
        small = self.gltf("small.gltf", 3)
        huge = self.gltf("huge.gltf", QUOTA + 200)
        printed = self.refused_import(1, "taken back", small, huge)
        if "small.gltf" not in printed or "huge.gltf" in printed:
            raise Failed(f"expected small.gltf to be imported and huge.gltf not, got: {printed}")
        if len(self.names()) != 4 or self.names()[0] != "small":
            raise Failed(f"expected what small.gltf holds, got {len(self.names())} entities")
        log = run([self.theta, "--json", "log", "stats", self.link, "--data", self.path("ann")])
        kinds = json.loads(log)["commands_by_kind"]
        # One made what small.gltf holds; each of the others has its undo.
        made = kinds.get("create_entities", 0) - 1
        if made < 1 or kinds.get("undo") != made:
            raise Failed(f"expected that part of huge.gltf came in and all of that was undone, got {kinds}")
        run([self.theta, "import", self.link, self.gltf("fits.gltf", QUOTA - 5), "--data", self.path("ann")])
        if len(self.names()) != QUOTA:
            raise Failed(f"expected {QUOTA} entities, got {len(self.names())}")

    def run(self):
        self.hub.start()
        self.link = link_of([self.theta, "room", "new", "imports", "--hub", self.hub.listen, "--data",
                             self.path("hub")])
        self.look("state-hash")  # the first visit is a record of its own
        self.bad_file_changes_nothing()
        self.refused_file_is_taken_back()
        run([self.theta, "log", "verify", self.link, "--data", self.path("ann")])
        self.hub.stop()
        return "bad and refused imports leave nothing behind"


if __name__ == "__main__":
    sys.exit(main(__doc__, Import))
