"""One word, one meaning: words that were given up do not come back as names of modules, classes or functions."""

from __future__ import annotations

import ast
import re

from tests.house.test_house import modules

GLOSSARY = re.compile(r"^\| ([\w ,/-]+) \| ([\w ,/-]+) \|", re.MULTILINE)
WORD = re.compile(r"[a-z]+|[A-Z][a-z]*")


def retired(root):
    """Return the words the glossary of CONTRIBUTING.md gives up, in lower case."""
    text = (root / "CONTRIBUTING.md").read_text("utf-8").split("### Words given up", 1)[1].split("\n## ", 1)[0]
    pairs = GLOSSARY.findall(text)[1:]
    return {word.strip().casefold() for given_up, _ in pairs for word in given_up.split(",")}


def names(path):
    """Return the public names a module defines at its top, and those of its classes' methods."""
    tree = ast.parse(path.read_text("utf-8"))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    for body in (tree.body, *(one.body for one in classes)):
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield node.name
            elif isinstance(node, ast.Assign):
                yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def test_the_glossary_gives_words_up(root):
    assert {"standing", "strangeness", "tagger"} <= retired(root)


def test_words_given_up_do_not_return(root):
    gone = retired(root)
    for module, path in modules(root).items():
        for name in [module.rpartition(".")[2], *names(path)]:
            if not name.startswith("_"):
                words = [word.casefold() for word in WORD.findall(name if not name.isupper() else name.casefold())]
                assert not gone & {*words, "_".join(words)}, f"{module}: {name}"
