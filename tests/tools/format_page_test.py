"""The vectors of tests/replica/format_test.cpp are the ones that docs/format.md shows."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
HEX_DIGITS_MIN = 40


def vectors(source):
    """Adjacent string literals joined, those that are hexadecimal and long."""
    joined = [re.sub(r'[\s"]', "", match) for match in re.findall(r'"[^"\n]*"(?:\s*"[^"\n]*")*', source)]
    return [text for text in joined if len(text) >= HEX_DIGITS_MIN and re.fullmatch(r"[0-9a-f]+", text)]


def blocks(page):
    """The page's indented blocks, each without its line ends."""
    return {"".join(block.split()) for block in re.findall(r"(?:^    .*\n)+", page, re.MULTILINE)}


class FormatPageTest(unittest.TestCase):
    def test_the_page_shows_every_vector_of_the_test_and_no_other(self):
        tested = vectors((ROOT / "tests/replica/format_test.cpp").read_text())
        section = (ROOT / "docs/format.md").read_text().split("## A room, byte for byte")[1].split("\n## ")[0]
        self.assertEqual(11, len(tested))
        self.assertEqual(set(tested), blocks(section))


if __name__ == "__main__":
    unittest.main()
