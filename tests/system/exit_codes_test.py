"""Every exit code of docs/errors.md, from real processes, with and without --json.

Each case is a command line, the exit code that the page promises, and words of the sentence that a person must see. A
failure must be one line on stderr: a sentence that begins with "theta: ", or with --json {"error", "exit_code"}.

usage: exit_codes_test.py --theta PATH --work FOLDER
"""

import json
import os
import shutil
import sqlite3
import stat
import sys

from theta_processes import Failed, Hub, attempt, link_of, main, run, wait_until

CONFIG = """
[guards]
entities_per_room_max = 3
"""


class ExitCodes:
    def __init__(self, options):
        self.theta, self.work = options.theta, options.work
        self.config = self.write("hub.toml", CONFIG)
        self.hub = Hub(self.theta, self.path("hub"), self.config)
        self.seen = set()
        self.count = 0

    def path(self, name):
        return os.path.join(self.work, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def make_room(self):
        self.hub.start()
        self.link = self.invite("room", "new", "codes", "--hub", self.hub.listen, "--data", self.path("hub"))
        self.command("join", self.link, "--data", self.path("ann"))
        self.address, self.rest = self.link.removeprefix("theta://").split("/", 1)
        self.without_invite = self.link[:self.link.rindex(".")]

    def command(self, *arguments, **options):
        return run([self.theta, *arguments], **options)

    def invite(self, *arguments):
        return link_of([self.theta, *arguments])

    def expect(self, code, words, *arguments, **options):
        """Both ways of printing; `words` must be in the sentence."""
        for json_flag in ([], ["--json"]):
            done = attempt([self.theta, *json_flag, *arguments], **options)
            typed = " ".join([*json_flag, *arguments])[:150]
            shown = f"{typed} ended with {done.returncode}, not {code}: {done.stderr}"
            if done.returncode != code:
                raise Failed(shown)
            if code != 0:
                self.check_failure(code, words, json_flag, done.stderr, shown)
            elif words not in done.stdout:
                raise Failed(f"expected \"{words}\" in: {done.stdout}")
        self.seen.add(code)
        self.count += 1

    @staticmethod
    def check_failure(code, words, json_flag, stderr, shown):
        lines = stderr.splitlines()
        if json_flag:
            failures = [line for line in map(json.loads, lines) if "error" in line]
            if len(failures) != 1 or failures[0]["exit_code"] != code:
                raise Failed(f"expected one error with its exit code: {shown}")
            sentence = failures[0]["error"]
        else:
            sentence = stderr
            if sum(line.startswith("theta: ") for line in lines) != 1:
                raise Failed(f"expected one sentence that begins with \"theta: \": {shown}")
        if words not in sentence:
            raise Failed(f"expected \"{words}\" in the sentence: {shown}")

    def success(self):
        self.expect(0, "", "key", "show", "--data", self.path("ann"))
        self.expect(0, "theta", "--version")
        self.expect(0, "Commands", "join", "--help")

    def went_wrong(self):
        file = self.write("a file", "")
        self.expect(1, "", "key", "new", "--data", os.path.join(file, "folder"))
        self.expect(1, "", "key", "new", "--data", self.path("ann"))
        self.expect(1, "no such entity", "join", self.link, "--data", self.path("ann"),
                    input='{"command":"rename_entity","target":"1:999","name":"x"}\n')
        self.expect(1, "number of entities", "join", self.link, "--data", self.path("ann"),
                    input='{"command":"create_entities","entities":[{},{},{},{}]}\n')
        self.expect(1, "", "hub", "--data", self.path("hub"), "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0")

        self.expect(1, "does not exist", "import", self.link, self.path("missing.glb"), "--data", self.path("ann"))
        self.expect(1, "is a folder", "import", self.link, self.work, "--data", self.path("ann"))
        self.expect(1, self.path("nowhere"), "log", "verify", self.path("nowhere"))
        self.targets_of_export()

    def targets_of_export(self):
        pipe = self.path("pipe")
        os.mkfifo(pipe)
        self.expect(1, "no regular file", "export", self.link, pipe, "--data", self.path("ann"))
        if not stat.S_ISFIFO(os.lstat(pipe).st_mode):
            raise Failed("export replaced a pipe by a file")
        self.expect(1, "is a folder", "export", self.link, self.work, "--data", self.path("ann"))
        self.expect(1, "nodir does not exist", "export", self.link, self.path("nodir/x.glb"), "--data",
                    self.path("ann"))
        self.expect(0, "nodes", "export", self.link, self.path("x.glb"), "--data", self.path("ann"))

    def wrong_command_line(self):
        self.expect(2, 'got "jion"', "jion", "x")
        self.expect(2, 'theta room: new; got "nwe"', "room", "nwe", "x")
        self.expect(2, 'got "shw"', "log", "shw", "hub")
        self.expect(2, "--bogus", "--bogus")
        self.expect(2, "not expected: one two three;", "key", "show", "one", "two", "three")
        self.expect(2, "got none", "room")
        here = ("--data", self.path("hub"))
        for address in ("127.0.0.1", "127.0.0.1:99999", "127.0.0.1:0"):
            self.expect(2, "--hub: expected HOST:PORT", "room", "new", "x", "--hub", address, *here)
        for address in ("https://hub.example:4480", "https://hub.example", "theta://127.0.0.1:4433"):
            self.expect(2, "\"quic\"", "room", "new", "x", "--hub", address, *here)
        self.expect(2, "the hub's key is not known", "room", "new", "x", "--data", self.path("empty"))
        self.expect(2, 'got "zzz"', "room", "new", "x", "--fingerprint", "zzz", *here)
        self.expect(2, "1 to 256 bytes, got 0", "room", "new", "", *here)
        self.expect(2, "1 to 256 bytes, got 400", "room", "new", "x" * 400, *here)
        self.expect(2, "--listen: expected", "hub", "--listen", "banana", *here)
        self.expect(2, "--listen: expected", "hub", "--listen", "127.0.0.1:80000", *here)
        self.expect(2, "127.0.0.1:4480", "hub", "--http", "4556", *here)
        for wrong in (("--tls", "yes"), ("--public-address", "banana"), ("--public-address", "0.0.0.0"),
                      ("--page", "hub.example")):
            self.expect(2, f"{wrong[0]}: expected", "hub", *wrong, *here)
        self.expect(2, "go together", "hub", "--tls-key", self.config, *here)
        self.expect(2, "not both", "hub", "--tls", "self-signed", "--tls-certificate", self.config, "--tls-key",
                    self.config, *here)
        self.expect(2, "--fingerprint: expected", "log", "verify", self.link, "--fingerprint", "zzz")
        self.expect(2, "subcommand", )
        self.expect(2, "LINK", "join")
        self.expect(2, "dance", "join", self.link, "--print", "dance")
        self.expect(2, "--nonsense", "key", "show", "--nonsense")
        self.expect(2, "--parent", "import", self.link, self.write("empty.gltf", '{"asset":{"version":"2.0"}}'),
                    "--parent", "x", "--data", self.path("ann"))
        self.expect(2, "--expires", "invite", self.link, "--expires", "soon", "--data", self.path("hub"))

    def unreachable(self):
        # Port 9 of the loopback is nobody's: discard is not served there.
        nobody = f"theta://127.0.0.1:9/{self.rest}"
        self.expect(3, "hub", "join", nobody, "--timeout", "1", "--data", self.path("ann"))

    def not_permitted(self):
        wrong_token = dict(os.environ, THETA_ADMIN_TOKEN="AAAA")
        self.expect(4, "token", "room", "new", "x", "--hub", self.hub.listen, "--fingerprint", self.hub.fingerprint,
                    "--data", self.path("bob"), env=wrong_token)
        self.expect(4, "token", "room", "new", "x", "--hub", self.hub.listen, "--fingerprint", self.hub.fingerprint,
                    "--data", self.path("bob"))
        no_token = dict(os.environ, THETA_ADMIN_TOKEN="!")
        self.expect(4, "token is malformed", "room", "new", "x", "--hub", self.hub.listen, "--fingerprint",
                    self.hub.fingerprint, "--data", self.path("bob"), env=no_token)
        self.expect(4, "member", "join", self.without_invite, "--data", self.path("stranger"))
        self.expect(4, "admin", "invite", self.link, "--data", self.path("ann"))
        another_hub = self.link.replace("#", "#A" if self.rest.split("#")[1][0] != "A" else "#B", 1)
        position = another_hub.index("#") + 2
        another_hub = another_hub[:position] + another_hub[position + 1:]
        self.expect(4, "hub", "join", another_hub, "--data", self.path("bob"))
        self.invites_that_do_not_work()
        self.roles_that_do_not_suffice()

    def invites_that_do_not_work(self):
        for_one = self.invite("invite", self.link, "--uses", "1", "--data", self.path("hub"))
        self.command("join", for_one, "--data", self.path("first"))
        self.expect(4, "used", "join", for_one, "--data", self.path("second"))
        short = self.invite("invite", self.link, "--expires", "1s", "--uses", "0", "--data", self.path("hub"))
        guests = iter(range(1000))

        def is_expired():
            return attempt([self.theta, "join", short, "--data", self.path(f"guest {next(guests)}")]).returncode == 4

        wait_until(is_expired, "an invite for one second to expire")
        self.expect(4, "expired", "join", short, "--data", self.path("late"))

        self.invites_that_were_revoked()

    def invites_that_were_revoked(self):
        invite = self.invite("invite", self.link, "--data", self.path("hub"))
        self.expect(4, "admin", "invite", self.link, "--revoke", invite, "--data", self.path("ann"))
        self.expect(2, "--revoke", "invite", self.link, "--revoke", "x", "--data", self.path("hub"))
        self.expect(2, "--revoke", "invite", self.link, "--revoke", invite, "--uses", "1", "--data", self.path("hub"))
        self.expect(0, "revoked", "invite", self.link, "--revoke", invite, "--data", self.path("hub"))
        self.expect(4, "revoked", "join", invite, "--data", self.path("too late"))

    def roles_that_do_not_suffice(self):
        make = '{"command":"create_entities"}\n'
        looking = self.invite("invite", self.link, "--role", "viewer", "--data", self.path("hub"))
        self.expect(4, "role", "join", looking, "--data", self.path("viewer"), input=make)
        self.expect(4, "role", "import", looking, self.write("node.gltf", '{"asset":{"version":"2.0"},"nodes":[{}],'
                    '"scenes":[{"nodes":[0]}],"scene":0}'), "--data", self.path("viewer"))
        # Whoever is put out does not come back with a new key by the same link.
        door = self.invite("invite", self.link, "--data", self.path("hub"))
        self.command("join", door, "--data", self.path("unwelcome"))
        author = self.command("key", "show", "--data", self.path("unwelcome"))
        self.command("join", self.link, "--data", self.path("hub"),
                 input=json.dumps({"command": "revoke_role", "author": author}) + "\n")
        self.expect(4, "", "join", self.link, "--data", self.path("unwelcome"))
        self.expect(4, "revoked", "join", door, "--data", self.path("unwelcome again"))

    def malformed(self):
        self.expect(5, "link", "join", "theta://nowhere", "--data", self.path("ann"))
        bad = self.write("bad.glb", "glTF, or not")
        self.expect(5, "bad.glb", "import", self.link, bad, "--data", self.path("ann"))
        self.expect(5, "JSON", "join", self.link, "--data", self.path("ann"), input="move the box\n")
        self.expect(5, "postion", "join", self.link, "--data", self.path("ann"),
                    input='{"command":"set_transform","targets":["1:1"],"postion":[1,0,0]}\n')
        self.expect(5, "longer than", "join", self.link, "--data", self.path("ann"),
                    input="x" * (17 << 20) + '\n{"command":"undo"}\n')
        self.expect(5, "guards", "hub", "--data", self.path("other hub"), "--listen", "127.0.0.1:0", "--http",
                    "127.0.0.1:0", "--config", self.write("bad.toml", "[guards]\ncommands_burst = 'many'\n"))

    def malformed_in_files_of_the_hub(self):
        here = ("--data", self.path("other hub"), "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0")
        for setting in ('tls = "yes"', 'public_address = "banana"', 'page = "hub.example"', 'tls_key = "x"'):
            self.expect(5, f"hub.{setting.split()[0]}", "hub", *here, "--config",
                        self.write("bad.toml", f"[hub]\n{setting}\n"))
        self.expect(5, "hub.listen: expected", "hub", *here[:2], *here[4:], "--config",
                    self.write("bad.toml", '[hub]\nlisten = "banana"\n'))
        no_pem = self.write("no.pem", "no PEM")
        self.expect(5, "no.pem", "hub", *here, "--tls-certificate", no_pem, "--tls-key", no_pem)
        missing = self.path("missing.pem")
        self.expect(1, "missing.pem cannot be read", "hub", *here, "--tls-certificate", missing, "--tls-key", missing)
        self.expect(1, "--allow-plain-http", "hub", *here[:4], "--http", "0.0.0.0:0")

    def not_what_it_must_be(self):
        self.expect(0, "clean", "log", "verify", self.path("hub"))
        self.expect(0, "clean", "log", "verify", self.link, "--data", self.path("ann"))
        self.expect(6, "log", "log", "verify", self.path("hub"), "--fingerprint", "A" * 43)
        self.hub.stop()
        with sqlite3.connect(self.path("hub/theta.db")) as database:
            tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            if "records" not in tables:
                raise Failed(f"expected a table of records, got {tables}")
            database.execute("DELETE FROM records WHERE rowid = (SELECT max(rowid) FROM records)")
        database.close()
        self.expect(6, "", "log", "verify", self.path("hub"))

    def invites_have_links_for_browsers(self):
        """A hub with an editor says where; this one lies on this machine and so do its rooms' links."""
        editor = self.path("editor")
        os.makedirs(editor)
        self.write("editor/index.html", "<!doctype html>")
        hub = Hub(self.theta, self.path("hub with a page"), self.write("page.toml", f"[hub]\neditor = '{editor}'\n"))
        hub.start()
        made = json.loads(self.command("--json", "room", "new", "pages", "--as", "Ann", "--hub", hub.listen, "--data",
                                       hub.folder))
        native, page = made["link"], f"http://{hub.http}"
        if made["browser_link"] != page + "/r/" + native.split("/", 3)[3]:
            raise Failed(f"expected a link to {page}, got {made}")
        members = json.loads(self.command("--json", "join", native, "--once", "--print", "members", "--data",
                                          self.path("guest")).splitlines()[-1])
        if "Ann" not in json.dumps(members):
            raise Failed(f"expected Ann, who opened the room, among {members}")
        typed = self.command("invite", native, "--page", "https://typed.example", "--data", hub.folder)
        if "\nhttps://typed.example/r/" not in typed:
            raise Failed(f"--page must go over what the hub says, got {typed}")
        for cut in (made["browser_link"], made["browser_link"][:40]):
            for command in (("join",), ("log", "show")):
                self.expect(5, "This link is for browsers", *command, cut, "--data", self.path("guest"))
        self.command("invite", native, "--revoke", made["browser_link"], "--data", hub.folder)
        self.expect(4, "revoked", "join", native, "--data", self.path("late guest"))
        hub.stop()

    def hubs_that_listen_everywhere_are_where_the_link_finds_them(self):
        hub = Hub(self.theta, self.path("hub everywhere"),
                  self.write("everywhere.toml", f"[hub]\neditor = '{self.path('editor')}'\nallow_plain_http = true\n"),
                  http="0.0.0.0:0")
        hub.start()
        made = attempt([self.theta, "--json", "room", "new", "pages", "--hub", hub.listen, "--data", hub.folder])
        page = f"http://127.0.0.1:{hub.http.rsplit(':', 1)[1]}/r/"
        if not json.loads(made.stdout)["browser_link"].startswith(page):
            raise Failed(f"expected a link to {page}, got {made.stdout}")
        if "127.0.0.1 for the hub" not in made.stderr:
            raise Failed(f"expected to be told that nobody else reaches 127.0.0.1, got {made.stderr}")
        hub.stop()

    def invites_say_when_they_end(self):
        for span, kind in (("7d", int), ("never", type(None))):
            invite = json.loads(self.command("--json", "invite", self.link, "--expires", span, "--data",
                                             self.path("hub")))
            if not isinstance(invite["expires"], kind):
                raise Failed(f"an invite for {span} says {invite}")

    def once_reads_nothing(self):
        """Not a failure, but it must be said."""
        done = attempt([self.theta, "join", self.link, "--once", "--data", self.path("ann")],
                       input='{"command":"create_entities"}\n')
        if done.returncode != 0 or "--once reads no commands" not in done.stderr:
            raise Failed(f"--once with commands on its input ended with {done.returncode}: {done.stderr}")
        done = attempt([self.theta, "join", self.link, "--once", "--data", self.path("ann")])
        if done.stderr:
            raise Failed(f"--once without input says: {done.stderr}")

    def companions(self):
        """A stand-in for theta-sim shows that it gets everything behind `sim`; there is no theta-bench beside it."""
        folder = self.path("bin")
        os.makedirs(folder)
        theta = shutil.copy(self.theta, folder)
        stand_in = self.write("bin/theta-sim", '#!/bin/sh\nprintf "%s|" "$@"\nexit 6\n')
        os.chmod(stand_in, 0o755)
        for typed, handed in ((["sim", "--seeds", "1"], "--seeds|1|"), (["sim", "--help"], "--help|"),
                              (["sim", "--", "x", "--json"], "--|x|--json|"),
                              (["--json", "sim", "--seeds", "1..3"], "--json|--seeds|1..3|")):
            done = attempt([theta, *typed])
            if (done.returncode, done.stdout) != (6, handed):
                raise Failed(f"{typed} handed over {done.stdout!r}, ended with {done.returncode}: {done.stderr}")
        done = attempt([theta, "bench", "--quick"])
        if done.returncode != 1 or not done.stderr.startswith("theta: cannot start theta-bench"):
            raise Failed(f"bench without theta-bench ended with {done.returncode}: {done.stderr}")
        if "theta-sim" not in attempt([theta, "--help"]).stdout:
            raise Failed("--help does not list sim")

    def run(self):
        self.companions()
        self.make_room()
        self.once_reads_nothing()
        self.invites_say_when_they_end()
        self.invites_have_links_for_browsers()
        self.hubs_that_listen_everywhere_are_where_the_link_finds_them()
        for case in (self.success, self.went_wrong, self.wrong_command_line, self.unreachable, self.not_permitted,
                     self.malformed, self.malformed_in_files_of_the_hub, self.not_what_it_must_be):
            case()
        page = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "errors.md")
        with open(page, encoding="utf-8") as file:
            table = file.read().split("## Exit codes of `theta`")[1].split("##")[0]
        promised = {int(row.split("|")[1]) for row in table.splitlines() if row.startswith("| ") and "code" not in row}
        if promised != self.seen:
            raise Failed(f"docs/errors.md promises {promised}, tested were {self.seen}")
        return json.dumps({"cases": self.count, "codes": sorted(self.seen)})


if __name__ == "__main__":
    sys.exit(main(__doc__, ExitCodes))
