"""`theta log verify` of a room whose old packets were archived, through the hub and in its folder, of a folder that
another hub went on with, and of folders that somebody edited, checksums included: their keys are no secret.

usage: log_verify_test.py --theta PATH --work FOLDER
"""

import json
import os
import shutil
import sqlite3
import struct
import sys

from theta_processes import Failed, Hub, attempt, link_of, main, run

CONFIG = """
[guards]
commands_burst = 100000
commands_per_second = 100000
[rooms]
snapshot_every_records = 16
resume_records_max = 16
archive_after_records = 16
"""


def siphash(key, data):
    """SipHash-2-4, which the database's checksums are made of."""
    mask = (1 << 64) - 1
    k0, k1 = struct.unpack("<QQ", key)
    v = [0x736F6D6570736575 ^ k0, 0x646F72616E646F6D ^ k1, 0x6C7967656E657261 ^ k0, 0x7465646279746573 ^ k1]

    def rotate(value, bits):
        return ((value << bits) | (value >> (64 - bits))) & mask

    def add(to, other, bits):
        v[to] = (v[to] + v[other]) & mask
        v[other] = rotate(v[other], bits) ^ v[to]

    def run_rounds(count):
        for _ in range(count):
            add(0, 1, 13)
            v[0] = rotate(v[0], 32)
            add(2, 3, 16)
            add(0, 3, 21)
            add(2, 1, 17)
            v[2] = rotate(v[2], 32)

    padded = data + bytes(7 - len(data) % 8) + bytes([len(data) & 255])
    for (word,) in struct.iter_unpack("<Q", padded):
        v[3] ^= word
        run_rounds(2)
        v[0] ^= word
    v[2] ^= 0xFF
    run_rounds(4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def sign_rooms_anew(database):
    """Gives the rooms' entries the checksums of what they now say."""
    columns = "id, room, name, head, record_hash, archived_through"
    for row in database.execute(f"SELECT {columns} FROM rooms").fetchall():
        value = 0
        for field in row:
            field = struct.pack("<Q", field) if isinstance(field, int) else field
            field = field.encode() if isinstance(field, str) else field
            value = siphash(struct.pack("<QQ", value, len(field)), field)
        signed = struct.unpack("<q", struct.pack("<Q", value))[0]
        database.execute("UPDATE rooms SET checksum = ? WHERE id = ?", (signed, row[0]))


def exchange_rooms(database):
    (one, room), (other, other_room) = database.execute("SELECT id, room FROM rooms ORDER BY id").fetchall()
    for entry, value in ((one, bytes(32)), (other, room), (one, other_room)):
        database.execute("UPDATE rooms SET room = ? WHERE id = ?", (value, entry))


def cut_off_end(database):
    """Of the second room, with all that the hub signed about it."""
    for table in ("checkpoints", "snapshots"):
        database.execute(f"DELETE FROM {table} WHERE room = 2")
    first = 2 << 39
    last = database.execute("SELECT max(id) FROM records WHERE id > ?", (first,)).fetchone()[0]
    database.execute("DELETE FROM records WHERE id = ?", (last,))
    size, record_hash = database.execute("SELECT sum(length(bytes)), (SELECT record_hash FROM records WHERE id = ?)"
                                         " FROM records WHERE id > ?", (last - 1, first)).fetchone()
    database.execute("UPDATE rooms SET head = head - 1, record_hash = ?, log_bytes = ? WHERE id = 2",
                     (record_hash, size))


# What is done to the folder, and what `theta log verify` says about it.
EDITS = [
    (lambda database: None, None),
    (exchange_rooms, "but is kept as that of room"),
    (cut_off_end, "the log's end was cut off"),
    (lambda database: database.execute("UPDATE rooms SET archived_through = 1 WHERE id = 2"),
     "archived through 1, but record 1 is whole"),
    (lambda database: database.execute("UPDATE rooms SET name = 'other' WHERE id = 2"), "names the room"),
    (lambda database: database.execute("UPDATE rooms SET log_bytes = log_bytes + 1 WHERE id = 2"), "its records have"),
]


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
        link = link_of([self.theta, "room", "new", "archive", "--hub", hub.listen, "--data", hub.folder])
        self.visit(link, 80, "box")
        states = {self.expect_clean(link, hub.fingerprint), self.expect_clean(hub.folder, hub.fingerprint),
                  self.expect_clean(hub.folder, hub.fingerprint, "--fingerprint", hub.fingerprint)}
        if len(states) != 1:
            raise Failed(f"expected one state, got {states}")
        whole = link_of([self.theta, "room", "new", "whole", "--hub", hub.listen, "--data", hub.folder])
        self.visit(whole, 3, "box")
        hub.stop()
        self.edit_folder(hub.folder)
        self.empty_database()
        self.go_on_with_another_key(hub, link)
        return "archived rooms verify, and another hub's signatures and edited folders are told apart"

    def edit_folder(self, folder):
        copy = self.path("edited")
        for edit, sentence in EDITS:
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(folder, copy)
            database = sqlite3.connect(os.path.join(copy, "theta.db"))
            edit(database)
            sign_rooms_anew(database)
            database.commit()
            database.close()
            code, problems, _ = self.verify(copy)
            is_told = code == 6 and any(sentence in problem for problem in problems) if sentence else code == 0
            if not is_told:
                raise Failed(f"an edited folder: expected {sentence or 'nothing'}, got {code}: {problems}")

    def empty_database(self):
        with open(self.path("edited/theta.db"), "wb"):
            pass
        for name in ("theta.db-wal", "theta.db-shm"):
            if os.path.exists(self.path("edited/" + name)):
                os.remove(self.path("edited/" + name))
        done = attempt([self.theta, "log", "verify", self.path("edited")])
        if done.returncode == 0 or "the database theta.db is empty" not in done.stderr:
            raise Failed(f"verifying an empty database ended with {done.returncode}: {done.stderr}")

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
