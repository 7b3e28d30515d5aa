"""Finds the functions of a C++ file without a compiler: enough for rules about length, fast enough to run always.

It knows comments, string and raw string literals, preprocessor lines, namespaces, classes, constructor initialisers and
braced initialisers. It does not expand macros.
"""

import dataclasses
import re

_TOKEN = re.compile(
    r"""(?P<line_comment>//(?:\\\n|[^\n])*)
      |(?P<block_comment>/\*.*?\*/)
      |(?P<raw>\b(?:u8|u|U|L)?R"(?P<delimiter>[^()\s\\]{0,16})\(.*?\)(?P=delimiter)")
      |(?P<string>"(?:\\.|[^"\\\n])*")
      |(?P<character>(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+')
    """,
    re.DOTALL | re.VERBOSE)


def blank_comments_and_literals(text):
    """The same text, line for line, with comments and the insides of literals replaced by blanks."""

    def blank(match):
        found = match.group(0)
        kept = "\n" * found.count("\n")
        if match.group("line_comment") or match.group("block_comment"):
            return kept or " "
        return '""' + kept

    return _TOKEN.sub(blank, text)


@dataclasses.dataclass
class Function:
    name: str
    first_line: int  # of its signature
    last_line: int  # of its closing brace


def _blank_preprocessor(code):
    lines = code.split("\n")
    continued = False
    for index, line in enumerate(lines):
        if continued or line.lstrip().startswith("#"):
            continued = line.rstrip().endswith("\\")
            lines[index] = ""
    return "\n".join(lines)


def _without_parentheses(header):
    """`header` with every parenthesised part shortened to (), so that what is left is the declaration's skeleton."""
    kept = []
    depth = 0
    for character in header:
        if character == "(":
            depth += 1
            if depth == 1:
                kept.append("(")
        elif character == ")":
            depth -= 1
            if depth == 0:
                kept.append(")")
        elif depth == 0:
            kept.append(character)
    return "".join(kept), depth


def _kind_of_brace(header):
    """What a brace opens, judged by the text since the last end of a declaration."""
    skeleton, depth = _without_parentheses(header)
    skeleton = re.sub(r"\b(public|private|protected)\s*:(?!:)", " ", skeleton).rstrip()
    if depth > 0:
        return "initializer"
    if re.search(r"\bnamespace\b", skeleton) or re.search(r'\bextern\s*""\s*$', skeleton):
        return "scope"
    if re.search(r"\benum\b", skeleton):
        return "initializer"
    if "(" not in skeleton:
        return "scope" if re.search(r"\b(class|struct|union)\b", skeleton) else "initializer"
    if re.search(r"=\s*$", skeleton) or skeleton.endswith((",", "return")):
        return "initializer"
    after_parameters = skeleton[skeleton.index(")"):] if ")" in skeleton else ""
    in_member_list = re.search(r"(?<!:):(?!:)", after_parameters)
    if in_member_list and re.search(r"[\w>]$", skeleton):
        return "member"
    if re.match(r".*\b(class|struct|union)\s+(alignas\(\)\s*)?\w+[^()]*$", skeleton, re.DOTALL):
        return "scope"
    return "function"


def _name_of(header):
    before = _without_parentheses(header)[0].split("(")[0]
    words = re.findall(r"[\w:~]+", before)
    return words[-1] if words else "a function"


def functions(text):
    """The functions with a body at namespace or class level, in order. Lambdas and local classes count to theirs."""
    code = _blank_preprocessor(blank_comments_and_literals(text))
    found = []
    stack = []  # (kind, header, first line)
    header = ""
    header_line = None
    line = 1
    for character in code:
        if character == "\n":
            line += 1
        inside = any(kind != "scope" for kind, _, _ in stack)
        if character == "{":
            if inside:
                stack.append(("inner", "", line))
                continue
            kind = _kind_of_brace(header)
            stack.append((kind, header, header_line or line))
            if kind in ("scope", "function"):
                header, header_line = "", None
        elif character == "}" and stack:
            kind, opened_by, first_line = stack.pop()
            if kind == "function":
                found.append(Function(_name_of(opened_by), first_line, line))
            if kind in ("scope", "function"):
                header, header_line = "", None
            elif kind in ("member", "initializer"):
                header += "}"
        elif inside:
            continue
        elif character == ";":
            header, header_line = "", None
        else:
            if header_line is None and not character.isspace():
                header_line = line
            header += character
    return found
