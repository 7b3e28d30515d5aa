"""A comparison of machines goes red when hashes differ, when a replay fails, and when it says too little."""

import pathlib
import subprocess
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "tools" / "compare_replays"

RECORD = '#!/bin/sh\necho "Undo $2 $1"\ni=1; while [ $i -le "$2" ]; do echo "$i hash$1"; i=$((i + 1)); done >"$3"\n'
REPLAY = '#!/bin/sh\ncat "$1"\necho snapshot\n'


class CompareReplaysTest(unittest.TestCase):
    def run_with(self, other, native=REPLAY, record=RECORD):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in (("record", record), ("native", native), ("other", other)):
                path = pathlib.Path(folder, name)
                path.write_text(text)
                path.chmod(0o755)
            return subprocess.run(
                [SCRIPT, "--record", f"{folder}/record", "--native", f"{folder}/native", "--other",
                 f"other={folder}/other", "--seeds", "2", "--packets", "5", "--folder", f"{folder}/logs"],
                capture_output=True, text=True, check=False)

    def test_equal_replays_pass_and_are_counted(self):
        result = self.run_with(REPLAY)
        self.assertEqual(0, result.returncode, result.stderr)
        self.assertIn("10 records of 2 rooms", result.stdout)

    def test_one_other_hash_is_found_and_shown(self):
        result = self.run_with('#!/bin/sh\nsed "s/3 hash2/3 other/" "$1"\necho snapshot\n')
        self.assertEqual(1, result.returncode)
        self.assertIn("(seed 2): line 3 differs", result.stderr)
        self.assertIn("native: 3 hash2", result.stderr)

    def test_a_replay_that_ends_early_is_found(self):
        result = self.run_with('#!/bin/sh\nhead -n 4 "$1"\n')
        self.assertEqual(1, result.returncode)
        self.assertIn("line 5 differs", result.stderr)

    def test_a_replay_that_fails_is_found(self):
        result = self.run_with('#!/bin/sh\necho broken >&2\nexit 3\n')
        self.assertEqual(1, result.returncode)
        self.assertIn("ended with 3: broken", result.stderr)

    def test_silence_on_both_sides_is_no_agreement(self):
        result = self.run_with("#!/bin/sh\n", native="#!/bin/sh\n")
        self.assertEqual(1, result.returncode)
        self.assertIn("printed 0 lines", result.stderr)

    def test_a_command_that_no_room_applied_is_named(self):
        result = self.run_with(REPLAY, record=RECORD.replace("echo", "echo Redo 5 0; echo", 1))
        self.assertEqual(1, result.returncode)
        self.assertIn("never applied Redo:", result.stderr)

    def test_a_recording_that_names_no_command_is_found(self):
        result = self.run_with(REPLAY, record=RECORD.replace('echo "Undo $2 $1"', ":", 1))
        self.assertEqual(1, result.returncode)
        self.assertIn("never applied anything", result.stderr)


if __name__ == "__main__":
    unittest.main()
