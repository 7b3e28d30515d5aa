"""The backports entry follows the machine's own entry, in both of apt's formats."""

import pathlib
import subprocess
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "tools" / "derive_apt_source"

DEB822 = """\
# A mirror of this machine.
Types: deb
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/mirror.gpg

Types: deb
URIs: http://mirror.example/security
Suites: bookworm-security
Components: main
"""


def derive(files, suite="bookworm", entry_type="deb", wanted="bookworm-backports"):
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for name, text in files.items():
            path = pathlib.Path(folder, name)
            path.write_text(text)
            paths.append(str(path))
        return subprocess.run([SCRIPT, suite, entry_type, wanted, *paths], capture_output=True, text=True, check=False)


class DeriveAptSourceTest(unittest.TestCase):
    def assert_derived(self, expected, result):
        self.assertEqual((0, expected), (result.returncode, result.stdout), result.stderr)

    def test_a_deb822_entry_gives_its_mirror_and_its_keys(self):
        self.assert_derived(
            "Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm-backports\nComponents: main\n"
            "Signed-By: /usr/share/keyrings/mirror.gpg\n", derive({"debian.sources": DEB822}))

    def test_a_source_entry_for_the_suite_itself(self):
        result = derive({"debian.sources": DEB822}, entry_type="deb-src", wanted="bookworm")
        self.assertTrue(result.stdout.startswith(
            "Types: deb-src\nURIs: http://mirror.example/debian\nSuites: bookworm\n"))

    def test_the_security_suite_has_its_own_mirror(self):
        result = derive({"debian.sources": DEB822}, "bookworm-security", "deb-src", "bookworm-security")
        self.assertIn("URIs: http://mirror.example/security\n", result.stdout)

    def test_keys_that_stand_in_the_entry_go_along(self):
        entry = ("Types: deb\nURIs: http://m.example/d\nSuites: bookworm\nComponents: main\nSigned-By:\n"
                 " -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc\n -----END PGP PUBLIC KEY BLOCK-----\n")
        result = derive({"a.sources": entry})
        self.assertTrue(result.stdout.endswith(
            "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc\n -----END PGP PUBLIC KEY BLOCK-----\n"))

    def test_a_disabled_entry_serves_nothing(self):
        self.assertEqual(1, derive({"a.sources": "Enabled: no\n" + DEB822.split("\n\n")[0] + "\n"}).returncode)

    def test_a_one_line_entry_with_options(self):
        line = "deb [ arch=amd64 signed-by=/usr/share/keyrings/k.gpg ] http://m.example/debian bookworm main x # y\n"
        self.assert_derived(
            "Types: deb\nURIs: http://m.example/debian\nSuites: bookworm-backports\nComponents: main\n"
            "Signed-By: /usr/share/keyrings/k.gpg\n", derive({"sources.list": "# comment\n" + line}))

    def test_a_one_line_entry_without_options(self):
        self.assert_derived(
            "Types: deb\nURIs: http://m.example/debian\nSuites: bookworm-backports\nComponents: main\n",
            derive({"sources.list": "deb http://m.example/debian bookworm main\n"}))

    def test_entries_of_others_are_passed_over(self):
        text = ("deb cdrom:[Debian]/ bookworm main\ndeb-src http://a.example/d bookworm main\n"
                "deb http://b.example/d bookworm contrib\ndeb http://c.example/d trixie main\n"
                "deb http://d.example/d bookworm main\n")
        self.assertIn("URIs: http://d.example/d\n", derive({"a.list": text}).stdout)

    def test_no_entry_for_the_suite_prints_nothing_and_fails(self):
        result = derive({"debian.sources": DEB822}, suite="trixie")
        self.assertEqual((1, ""), (result.returncode, result.stdout))


if __name__ == "__main__":
    unittest.main()
