"""Every sentence that people can be shown, found in the source itself: what has no translation is seen before a reader sees it.

A literal is a sentence when it is given to gettext or to one of our errors, or when it reads like one: so templates kept in
constants, handed through helpers or stored with rows are found without a list of helpers.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import rest_framework
from django.utils.translation.template import templatize

from matchmaking import errors

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDERS = ("matchmaking", "api", "web", "workers")
# For the operator or for programmers, in English: commands, the admin site, the OpenAPI description, metrics.
ENGLISH = ("matchmaking/management", "matchmaking/migrations", "matchmaking/admin.py", "api/schema.py", "api/metrics.py")
ENGLISH_KEYWORDS = {"help_text", "description", "summary"}
TRANSLATED = {"_", "gettext", "gettext_lazy", "gettext_noop"} | {
    name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, errors.MatchmakingError)
}
SENTENCE = re.compile(r"[A-Z0-9“{][^\n]*[a-zA-Z0-9”)}'’“…][.?!]")
# What Django REST framework may answer in our name; in Belarusian it has nothing, in Russian gaps.
FRAMEWORK = ("exceptions", "fields", "serializers", "validators")
TAG_CALL = re.compile(r"""\bgettext\(\s*u?("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\s*\)""")


class Found(NamedTuple):
    """A sentence and the file it stands in; `glued` where it is put together at run time, so that nobody can translate it."""

    text: str
    file: str
    line: int
    glued: bool = False


def sentences() -> list[Found]:
    """Everything to be translated, in the order of files and lines."""
    ours = [one for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py")) for one in _in_file(path)]
    kinds = ("*.html", "templates/**/*.txt")  # pages, mails
    pages = [one for folder in FOLDERS for kind in kinds for path in sorted((ROOT / folder).rglob(kind)) for one in _in_page(path)]
    return ours + pages + list(_of_the_framework())


def _in_file(path: Path) -> list[Found]:
    name = path.relative_to(ROOT).as_posix()
    return [] if name.startswith(ENGLISH) else in_source(path.read_text(encoding="utf-8"), name)


def in_source(source: str, file: str) -> list[Found]:
    """The sentences of one Python file."""
    tree = ast.parse(source)
    told, silent = set(_translated(tree)), set(_silent(tree))
    found = []
    for node in ast.walk(tree):
        if node in silent:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and (node in told or SENTENCE.fullmatch(node.value)):
            found.append(Found(node.value, file, node.lineno))
        elif isinstance(node, ast.JoinedStr | ast.BinOp) and (node in told or SENTENCE.fullmatch(_shape(node))):
            found.append(Found(_shape(node), file, node.lineno, glued=True))
    return sorted(found, key=lambda one: one.line)


def _translated(tree: ast.AST) -> Iterator[ast.AST]:
    """First arguments of gettext and of our errors, and what the names among them stand for."""
    given = [node.args[0] for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args and _called(node) in TRANSLATED]
    names = {node.id for node in given if isinstance(node, ast.Name)}
    yield from given
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and any(isinstance(target, ast.Name) and target.id in names for target in node.targets):
            yield node.value


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _silent(tree: ast.AST) -> Iterator[ast.AST]:
    """Docstrings, texts of the OpenAPI description, and the pieces of glued strings."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value
        elif isinstance(node, ast.keyword) and node.arg in ENGLISH_KEYWORDS:
            yield from ast.walk(node.value)
        elif isinstance(node, ast.JoinedStr) or (isinstance(node, ast.BinOp) and _shape(node)):
            yield from (piece for piece in ast.walk(node) if piece is not node)


def _shape(node: ast.AST) -> str:
    """What a string that is put together looks like, with {} for what is filled in; empty where it is no string."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(_shape(part) or "{}" for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
        left, right = _shape(node.left), _shape(node.right) if isinstance(node.op, ast.Add) else ""
        return (left or "{}") + (right or "{}") if left or right else ""
    return ""


def _in_page(path: Path) -> Iterator[Found]:
    file = path.relative_to(ROOT).as_posix()
    source = templatize(path.read_text(encoding="utf-8"), origin=file)
    if "ngettext(" in source:
        raise NotImplementedError(f"{file} counts in words; word it so that a number needs no plural, or teach the catalogues plurals.")
    for call in TAG_CALL.finditer(source):
        yield Found(ast.literal_eval(call[1]), file, source.count("\n", 0, call.start()) + 1)


def _of_the_framework() -> Iterator[Found]:
    folder = Path(rest_framework.__file__).parent
    for module in FRAMEWORK:
        source = (folder / f"{module}.py").read_text(encoding="utf-8")
        for node in _translated(ast.parse(source)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield Found(node.value, f"rest_framework/{module}.py", node.lineno)
