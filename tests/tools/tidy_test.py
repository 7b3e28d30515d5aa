"""Each check of tools/tidy goes red on a small bad input, and is silent on a good one."""

import importlib.machinery
import importlib.util
import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
TOOLS = pathlib.Path(__file__).resolve().parents[2] / "tools"


def load_tidy():
    loader = importlib.machinery.SourceFileLoader("tidy", str(TOOLS / "tidy"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("tidy", loader))
    sys.modules["tidy"] = module
    loader.exec_module(module)
    return module


tidy = load_tidy()

# A module that breaks no rule; the tests below add one file, or replace one.
GOOD_TREE = {
    "src/base/CMakeLists.txt": "theta_module(base\n  SOURCES src/good.cpp)\n",
    "src/base/include/theta/base/good.h": "#pragma once\n\nint good();\n",
    "src/base/src/good.cpp": '#include "theta/base/good.h"\n\n#include <cstdint>\n\nint good() { return 1; }\n',
    "tests/base/good_test.cpp": '#include "theta/base/good.h"\n\n#include <gtest/gtest.h>\n',
    "src/log/CMakeLists.txt": "theta_module(log\n  SOURCES src/packet.cpp\n  USES wire crypto)\n",
    "src/log/include/theta/log/packet.h": "#pragma once\n",
    "src/log/src/packet.cpp": '#include "theta/log/packet.h"\n\n#include "theta/base/good.h"\n',
    "tests/log/packet_test.cpp": '#include "theta/log/packet.h"\n',
}


def findings_of(changes):
    with tempfile.TemporaryDirectory() as folder:
        for path, text in {**GOOD_TREE, **changes}.items():
            if text is None:
                continue
            target = pathlib.Path(folder, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        return tidy.run(folder)


class TidyTest(unittest.TestCase):
    def assert_red(self, rule, changes, part=""):
        """Exactly one finding, of this rule, that says `part`."""
        findings = findings_of(changes)
        self.assertEqual([rule], [finding.rule for finding in findings], [str(finding) for finding in findings])
        self.assertIn(part, str(findings[0]))

    def assert_green(self, changes):
        self.assertEqual([], [str(finding) for finding in findings_of(changes)])

    def base_source(self, code):
        return {"src/base/src/good.cpp": code}

    def test_a_good_tree_has_no_finding(self):
        self.assert_green({})

    def test_a_module_must_be_in_the_table(self):
        self.assert_red("module", {"src/extra/include/theta/extra/a.h": "#pragma once\n"}, "'extra'")

    def test_a_module_includes_only_modules_above_it(self):
        self.assert_red("direction", self.base_source('#include "theta/log/packet.h"\n'), "base may not include")

    def test_tests_may_include_every_module(self):
        self.assert_green({"tests/base/good_test.cpp": '#include "theta/log/packet.h"\n'})

    def test_a_module_links_only_modules_above_it(self):
        lists = "theta_module(log\n SOURCES src/packet.cpp\n USES hub)\n"
        self.assert_red("direction", {"src/log/CMakeLists.txt": lists}, "log may not use hub")

    def test_private_headers_of_other_modules_stay_private(self):
        self.assert_red("private", {
            "src/base/src/secret.h": "#pragma once\n",
            "tests/base/secret_test.cpp": '#include "../../src/base/src/secret.h"\n',
        }, "climbs out")

    def test_a_quoted_include_must_be_of_its_own_module(self):
        self.assert_red("private", {
            "src/base/src/secret.h": "#pragma once\n",
            "src/base/src/good.cpp": '#include "secret.h"\n',
            "src/log/src/packet.cpp": '#include "secret.h"\n',
        }, "no header of the module log")

    def test_the_core_includes_no_threads_sockets_or_files(self):
        for header in ("thread", "mutex", "random", "fstream", "iostream", "sys/socket.h", "unistd.h"):
            with self.subTest(header):
                self.assert_red("purity", self.base_source(f"#include <{header}>\n"), header)

    def test_the_core_reads_no_clock(self):
        self.assert_red("purity", self.base_source("auto t = std::chrono::steady_clock::now();\n"), "steady_clock")

    def test_the_core_draws_no_random_bytes(self):
        self.assert_red("purity", self.base_source("void f() { randombytes_buf(p, 1); }\n"), "randombytes_buf")

    def test_the_core_does_not_print(self):
        self.assert_red("purity", self.base_source('void f() { std::printf("x"); }\n'), "printf")

    def test_a_clock_in_a_comment_or_a_string_is_none(self):
        self.assert_green(self.base_source('// steady_clock\nconst char* kText = "steady_clock printf(";\n'))

    def client_with(self, path, code):
        """A client whose edges are there, and one more file."""
        tree = {f"src/client/src/{edge}.cpp": "int a;\n" for edge in tidy.EDGES_OF_ENGINES["client"]}
        tree["src/client/CMakeLists.txt"] = "file(GLOB all src/*.cpp)\ntheta_module(client SOURCES ${all})\n"
        tree["tests/client/a_test.cpp"] = "int a;\n"
        return {**tree, path: code}

    def test_the_engines_of_client_hub_and_transport_are_pure(self):
        clock = "auto t = std::chrono::steady_clock::now();\n"
        self.assert_red("purity", self.client_with("src/client/src/session.cpp", clock), "steady_clock")
        self.assert_red("purity", self.client_with("src/client/src/session.cpp", "#include <thread>\n"), "thread")
        self.assertTrue({"client", "hub", "transport"} <= set(tidy.EDGES_OF_ENGINES))

    def test_the_named_edges_of_an_engine_meet_the_machine(self):
        code = "#include <fcntl.h>\nint file = ::open(path, 0);\n"
        self.assert_green(self.client_with("src/client/src/file_persistence.cpp", code))
        code = "int file = ::open(path, 0);\n"
        self.assert_red("purity", self.client_with("src/client/src/outbox.cpp", code), "open")

    def test_a_method_called_open_is_no_file(self):
        self.assert_green(self.client_with("src/client/src/session.cpp", "Result open(const Path& path);\n"))

    def test_a_named_edge_must_exist(self):
        tree = self.client_with("src/client/src/session.cpp", "int a;\n")
        del tree["src/client/src/identity.cpp"]
        self.assert_red("purity", tree, "identity")

    def test_only_quic_draws_random_bytes(self):
        edges = {f"src/transport/src/{edge}.cpp": "int a;\n" for edge in tidy.EDGES_OF_ENGINES["transport"]}
        tree = {**edges, "tests/transport/a_test.cpp": "int a;\n",
                "src/transport/CMakeLists.txt": "file(GLOB all src/*.cpp)\ntheta_module(transport SOURCES ${all})\n"}
        draw = "void f() { randombytes_buf(p, 1); }\n"
        self.assert_green({**tree, "src/transport/src/quic_core.cpp": draw})
        self.assert_red("purity", {**tree, "src/transport/src/sim_core.cpp": draw}, "randombytes_buf")

    def test_an_edge_may_read_a_clock(self):
        self.assert_green({
            "src/cli/CMakeLists.txt": "theta_module(cli SOURCES src/a.cpp USES hub)\n",
            "src/cli/src/a.cpp": "#include <iostream>\nauto t = std::chrono::steady_clock::now();\n",
            "tests/cli/a_test.cpp": "int a;\n",
        })

    def test_shared_ownership_begins_at_the_hub(self):
        self.assert_red("ownership", self.base_source("std::shared_ptr<int> p;\n"))

    def test_lines_have_a_width(self):
        self.assert_green(self.base_source("// " + "x" * 117 + "\n"))
        self.assert_red("width", self.base_source("// " + "x" * 118 + "\n"), "121 columns")

    def test_every_kind_of_source_is_read(self):
        for suffix in ("ts", "tsx", "mts", "mjs", "cjs", "css", "py", "fbs"):
            path = f"web/editor/src/wide.{suffix}"
            self.assert_red("width", {path: "x" * 121 + "\n"}, path)
            self.assert_red("space", {path: "\tx\n"}, path)
            self.assert_red("length", {path: "x\n" * 801}, path)

    def test_functions_have_a_length(self):
        self.assert_green(self.base_source("int f() {\n" + "  g();\n" * 68 + "}\n"))
        self.assert_red("function", self.base_source("int f() {\n" + "  g();\n" * 69 + "}\n"), "f has 71 lines")

    def test_files_have_a_length(self):
        self.assert_green(self.base_source("int a;\n" * 800))
        self.assert_red("length", self.base_source("int a;\n" * 801), "801 lines")

    def test_notes_to_nobody_are_refused(self):
        for word in ("TODO", "FIXME", "XXX"):
            with self.subTest(word):
                self.assert_red("words", self.base_source(f"// {word}: later\n"), word)
        self.assert_green(self.base_source('const char* kTemplate = "theta-XXXXXX";\n'))

    def test_issue_numbers_are_refused(self):
        self.assert_red("words", {"docs/a.md": "See issue 12.\n"}, "issue 12")

    def test_paths_of_one_machine_are_refused(self):
        for path in ("/work/main", "/root/x", "/home/ann/x"):
            with self.subTest(path):
                self.assert_red("paths", {"docs/a.md": f"Look in {path}.\n"})
        self.assert_green({"docs/a.md": "The folder build/work/x and the URL path a/root/b are fine.\n"})

    def test_registry_hosts_are_refused(self):
        self.assert_red("hosts", {"tools/a.sh": "curl pypi.org\n"}, "pypi.org")

    def test_tabs_trailing_spaces_and_missing_line_feeds_are_refused(self):
        self.assert_red("space", self.base_source("\tint a;\n"), "tab")
        self.assert_red("space", self.base_source("int a; \n"), "ends with a space")
        self.assert_red("space", self.base_source("int a;"), "no line feed")
        self.assert_red("space", self.base_source("int a;\r\n"), "carriage")

    def test_headers_begin_with_pragma_once(self):
        self.assert_red("header", {"src/base/include/theta/base/good.h": "int good();\n"})
        self.assert_green({"src/base/include/theta/base/good.h": "// About.\n#pragma once\n"})

    def test_headers_use_no_namespace(self):
        self.assert_red("header", {"src/base/include/theta/base/good.h": "#pragma once\nusing namespace std;\n"})

    def test_assertions_that_vanish_are_refused(self):
        self.assert_red("assert", self.base_source("void f() { assert(true); }\n"))
        self.assert_green(self.base_source("static_assert(true);\n"))

    def test_a_source_that_nobody_builds_is_dead(self):
        self.assert_red("dead", {"src/base/src/forgotten.cpp": "int a;\n"}, "builds")
        lists = "add_executable(sim b.cpp)\n"
        self.assert_red("dead", {"sim/a.cpp": "int a;\n", "sim/CMakeLists.txt": lists}, "sim/a.cpp")

    def test_a_folder_of_tests_that_no_build_takes_is_dead(self):
        test = {"tests/sim/run_test.cpp": "int a;\n"}
        self.assert_red("dead", test, "run_test.cpp")
        self.assert_green({**test, "sim/CMakeLists.txt": "theta_tests(sim)\n"})

    def test_a_private_header_that_nobody_includes_is_dead(self):
        self.assert_red("dead", {"src/base/src/forgotten.h": "#pragma once\n"}, "includes")

    def test_tests_mirror_the_modules(self):
        self.assert_red("tests", {"tests/base/things.cpp": "int a;\n"}, "<noun>_test.cpp")
        self.assert_red("tests", {"tests/base/deep/loose_test.cpp": "int a;\n"}, "tests/<module>")
        self.assert_red("tests", {"tests/log/packet_test.cpp": None}, "tests/log has no")
        self.assert_green({"tests/base/world.cpp": "int a;\n", "tests/base/world.h": "#pragma once\n"})

    def test_programs_below_the_tests_are_built_by_somebody(self):
        program = {"tests/base/deep/program.cpp": "int a;\n"}
        lists = "theta_module(base\n  SOURCES src/good.cpp)\nadd_executable(program tests/base/deep/program.cpp)\n"
        self.assert_red("tests", program)
        self.assert_green({**program, "src/base/CMakeLists.txt": lists})
        self.assert_green({**program, "tests/base/deep/CMakeLists.txt": "add_executable(program program.cpp)\n"})

    def test_tests_neither_sleep_nor_skip(self):
        self.assert_red("tests", {"tests/base/good_test.cpp": "void f() { sleep_for(1s); }\n"}, "waits")
        self.assert_red("tests", {"tests/base/good_test.cpp": "TEST(Good, DISABLED_Later) {}\n"}, "skipped")

    def test_the_project_itself_is_seen(self):
        tree = tidy.Tree(TOOLS.parent)
        for path in ("dev", "tools/tidy", "src/base/src/hex.cpp", "schema/commands.fbs", ".ci/run"):
            self.assertIn(path, tree.files)


if __name__ == "__main__":
    unittest.main()
