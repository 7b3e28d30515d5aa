"""Functions are found, with their true lengths, in the shapes that Theta's code has."""

import pathlib
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))

import cpp_outline  # noqa: E402


def outline(text):
    return [(f.name, f.first_line, f.last_line) for f in cpp_outline.functions(text)]


class CppOutlineTest(unittest.TestCase):
    def test_free_functions_in_namespaces(self):
        self.assertEqual([("f", 2, 4)], outline("namespace a::b {\nint f(int x) {\n  return x;\n}\n}\n"))

    def test_a_signature_of_many_lines_counts(self):
        self.assertEqual([("f", 1, 4)], outline("int f(int a,\n      int b) {\n  return a;\n}\n"))

    def test_members_and_access_labels(self):
        code = "class A : public B {\n public:\n  int f() const { return x_; }\n\n private:\n  int x_{3};\n};\n"
        self.assertEqual([("f", 2, 3)], outline(code))

    def test_a_constructor_with_member_initialisers_is_one_function(self):
        self.assertEqual([("A::A", 1, 4)], outline("A::A(int x)\n    : a_{x}, b_(x), c_{1} {\n  g();\n}\n"))

    def test_initialisers_are_no_functions(self):
        self.assertEqual([], outline("const Table kTable = make({1, 2});\nint a[] = {1, 2};\nconst B b{f(1)};\n"))

    def test_lambdas_and_local_structs_belong_to_their_function(self):
        code = "void f() {\n  struct S { int g() { return 1; } };\n  auto h = [](int x) {\n    return x;\n  };\n}\n"
        self.assertEqual([("f", 1, 6)], outline(code))

    def test_templates_operators_and_trailing_return_types(self):
        code = ("template <class T>\nauto f(T t) -> std::vector<T> {\n}\n"
                "bool operator==(A a, A b) noexcept {\n}\n")
        self.assertEqual([("f", 1, 3), ("operator", 4, 5)], outline(code))

    def test_macros_of_tests_are_functions(self):
        self.assertEqual([("TEST", 1, 3)], outline("TEST(Hex, RoundTrips) {\n  f();\n}\n"))

    def test_comments_literals_and_preprocessor_lines_do_not_count(self):
        code = '#define X(a) { \\\n  a\n// {\n/* { */\nint f() {\n  g("{", \'{\', R"x({)x");\n  int n = 1\'000;\n}\n'
        self.assertEqual([("f", 5, 8)], outline(code))

    def test_blanking_keeps_the_lines(self):
        code = 'a /* b\n c */ d "e\\"f" // g\nh'
        self.assertEqual(['a ', ' d ""  ', 'h'], cpp_outline.blank_comments_and_literals(code).split("\n"))


if __name__ == "__main__":
    unittest.main()
