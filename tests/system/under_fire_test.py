"""Real processes, real models, thousands of concurrent edits, and a hub that is killed again and again.

A hub and three peers over QUIC. Models are imported, then every peer edits at random while the hub is killed
(SIGKILL) at random moments and started again, and peers are killed and come back as well. In the end every peer must
show the same state, every acknowledged command must be in the log, `theta log verify` must find nothing, and the
exported scene must load in readers that share no code with Theta.

usage: under_fire_test.py --theta PATH --work FOLDER --readers FOLDER [--kills N] [--edits N] [--seed N]
"""

import json
import os
import random
import subprocess
import sys
import time

from theta_processes import Failed, Hub, Peer, main, run

MODELS = "/usr/share/assimp/models/glTF2"
MODEL_FILES = [
    "2CylinderEngine-glTF-Binary/2CylinderEngine.glb",
    "BoxTextured-glTF-Binary/BoxTextured.glb",
]
CONFIG = """
[guards]
commands_burst = 100000
commands_per_second = 100000
"""


class Editor:
    """Chooses edits: mostly moves, some of everything else, on own things and on others'."""

    def __init__(self, chance, peer, everybody):
        self.chance, self.peer, self.everybody = chance, peer, everybody

    def known(self):
        return [entity for peer in self.everybody for entity in peer.ids[-200:]]

    def next(self):
        known = self.known()
        pick = self.chance.random()
        if not known or pick < 0.2:
            parent = self.chance.choice(known) if known and pick < 0.1 else "root"
            return {"command": "create_entities", "name": f"{self.peer.name} {self.peer.submitted}", "parent": parent}
        target = self.chance.choice(known)
        position = [round(self.chance.uniform(-9, 9), 3) for _ in range(3)]
        if pick < 0.55:
            return {"command": "set_transform", "targets": [target], "position": position}
        if pick < 0.65:
            return {"command": "translate_by", "targets": [target], "offset": position}
        if pick < 0.72:
            return {"command": "rename_entity", "target": target, "name": f"named {position[0]}"}
        if pick < 0.80:
            return {"command": "reparent_entities", "targets": [target], "parent": self.chance.choice(known)}
        if pick < 0.85:
            return {"command": "change_tags", "targets": [target], "add": [f"t{self.chance.randrange(5)}"]}
        if pick < 0.88:
            return {"command": "delete_entities", "targets": [target]}
        if pick < 0.92:
            return {"command": "set_material", "targets": [target], "material": {"roughness": 0.5}}
        return {"command": "undo" if pick < 0.97 else "redo"}


class UnderFire:
    def __init__(self, options):
        self.options = options
        print(f"seed {options.seed}", flush=True)
        self.chance = random.Random(options.seed)
        self.config = self.path("hub.toml")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(CONFIG)
        self.hub = Hub(options.theta, self.path("hub"), self.config)
        self.peers = []

    def path(self, name):
        return os.path.join(self.options.work, name)

    def theta(self, *arguments, **options):
        return run([self.options.theta, *arguments], **options)

    def open_room(self):
        self.hub.start()
        made = self.theta("room", "new", "under fire", "--hub", self.hub.listen, "--data", self.path("hub"))
        self.link = made.splitlines()[0]
        models = [os.path.join(MODELS, name) for name in MODEL_FILES]
        self.theta("import", self.link, *models, "--data", self.path("importer"))
        for name in ("ann", "bob", "cem"):
            peer = Peer(self.options.theta, self.link, self.path(name), name)
            peer.start()
            self.peers.append(peer)

    def edit_under_fire(self):
        """Edits in small bursts; between them a hub or a peer dies, by chance."""
        editors = [Editor(self.chance, peer, self.peers) for peer in self.peers]
        bursts = self.options.kills * 6
        per_burst = max(1, self.options.edits // (bursts * len(editors)))
        kill_at = set(self.chance.sample(range(bursts), self.options.kills))
        absent = None
        for burst in range(bursts):
            for editor in editors:
                for _ in range(per_burst):
                    editor.peer.send(editor.next())
            # Random moments need some time between them; nothing below depends on how long.
            time.sleep(self.chance.uniform(0.0, 0.1))
            if burst in kill_at:
                self.hub.kill()
                for editor in editors:
                    editor.peer.send(editor.next())
                self.hub.start()
            if burst % 10 == 5 and absent is None:
                absent = self.chance.choice(self.peers)
                absent.kill()
            elif absent is not None and burst % 10 == 8:
                absent.start()
                absent = None
        if absent is not None:
            absent.start()

    def settle(self):
        for peer in self.peers:
            peer.finish()
            # What a killed process had queued is sent by the next one; an empty input makes it stay until that is done.
            self.theta("join", self.link, "--data", peer.folder, "--timeout", "60", stdin=subprocess.DEVNULL)

    def state_of(self, name):
        printed = self.theta("--json", "join", self.link, "--once", "--print", "state-hash", "--data", self.path(name))
        return json.loads(printed.splitlines()[-1])

    def check_states(self):
        # The late one's joining is itself a record, so it looks first.
        self.state_of("late")
        states = {name: self.state_of(name) for name in ("ann", "bob", "cem", "late")}
        if len({json.dumps(state) for state in states.values()}) != 1:
            raise Failed(f"the peers do not agree: {states}")
        return states["late"]["state_hash"]

    def check_acknowledged(self):
        log = {}
        for line in self.theta("--json", "log", "show", self.path("hub")).splitlines():
            record = json.loads(line)
            if "seq" in record:
                log[(record["author"], record["nonce"])] = record["seq"]
        count = 0
        for peer in self.peers:
            author = self.theta("key", "show", "--data", peer.folder)
            for (nonce, index), seq in peer.acknowledged.items():
                count += 1
                if log.get((author, nonce)) != seq:
                    found = log.get((author, nonce))
                    raise Failed(f"{peer.name}'s command {nonce}.{index} was acknowledged at record {seq}, "
                                 f"but the log has {found}")
        return count, len(log)

    def check_log(self, state_hash):
        for target in (self.link, self.path("hub")):
            printed = self.theta("--json", "log", "verify", target, "--data", self.path("ann"))
            line = json.loads(printed.splitlines()[-1])
            if not line["clean"] or line["state_hash"] != state_hash:
                raise Failed(f"log verify of {target[:20]} says {line}")

    def check_export(self):
        exported = self.path("out.glb")
        self.theta("export", self.link, exported, "--data", self.path("ann"))
        tests = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        reader = os.path.join(tests, "interchange", "independent_reader.py")
        counts = json.loads(run([os.path.join(self.options.readers, "python", "bin", "python"), reader, exported]))
        if counts["triangles"] == 0:
            raise Failed(f"the exported scene has lost its meshes: {counts}")
        validator = os.path.join(tests, "interchange", "validate_glb.cjs")
        environment = dict(os.environ, NODE_PATH=os.path.join(self.options.readers, "node_modules"))
        judged = json.loads(run(["node", validator, exported], env=environment))
        if judged["triangles"] == 0:
            raise Failed(f"the validator sees no meshes in the exported scene: {judged}")
        return counts

    def run(self):
        self.open_room()
        self.edit_under_fire()
        self.settle()
        state_hash = self.check_states()
        acknowledged, records = self.check_acknowledged()
        self.check_log(state_hash)
        counts = self.check_export()
        self.hub.stop()
        if acknowledged < self.options.edits // 4:
            raise Failed(f"only {acknowledged} commands were acknowledged, the test means to have far more")
        return json.dumps({"kills": self.options.kills, "records": records, "acknowledged": acknowledged,
                           "conflicts": sum(peer.conflicts for peer in self.peers), "state_hash": state_hash,
                           "export": counts})


def more_options(parser):
    parser.add_argument("--readers", required=True, help="the folder that tools/test_readers fills")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--edits", type=int, default=6000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))


if __name__ == "__main__":
    sys.exit(main(__doc__, UnderFire, more_options))
