"""One file's imports of dash-extensions, rewritten, and what else is to change: code in, code and findings out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

import enrich

_OLD = "dash_extensions"
_MOVED = frozenset({f"{_OLD}.enrich", f"{_OLD}.logging"})
"""Modules whose names are in ``enrich``."""

_OF_OLD_TRANSFORMS = ("apply_serverside", "apply_clientside")
"""Methods by which a transform changed callbacks in place."""

_METHODS = {
    "run_server": "Dash 3 has app.run(...) in its place",
    "register_celery_tasks": "it does nothing here and may go: a Celery worker that imports the app has its tasks",
}
"""Methods of an app that old apps call."""

_MARKS = tuple(name.encode() for name in (_OLD, *_OF_OLD_TRANSFORMS, *_METHODS))
"""What a file must mention for there to be anything to say of it."""

_STORED_BY_PICKLE = {
    "plotly_resampler": "Serverside(FigureResampler(...)) needs ServersideOutputTransform(allow_pickle=True), "
    "since no codec carries that class",
}
"""Libraries whose objects apps give to ``Serverside``, which dash-extensions pickles unasked."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One place: what stands there, and what is to stand there, or why nothing else is."""

    file: str
    line: int
    old: str
    new: str | None
    note: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}: "
        mend = "left alone" if self.new is None else f"-> {self.new}"
        return f"{place}{self.old}  {mend}{f': {self.note}' if self.note else ''}"


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A file's code as it should be, and what was found."""

    code: bytes
    findings: tuple[Finding, ...]


def rewrite(source: bytes, file: str) -> Rewritten:
    """Rewrite a module's imports, and name what its author has to change; comments, layout, encoding and line ends stay.

    Raises ``ValueError`` for what is not Python.
    """
    if not any(mark in source for mark in _MARKS):
        return Rewritten(source, ())
    uses = _Uses()
    rewriter = _Rewriter(file, uses)
    try:
        module = cst.parse_module(source)
        module.visit(uses)
        code = MetadataWrapper(module).visit(rewriter).bytes
    # SyntaxError: an encoding is declared that Python doesn't know, or that the file's first bytes contradict.
    except (cst.ParserSyntaxError, SyntaxError, UnicodeError, RecursionError) as error:
        raise ValueError(str(error).splitlines()[0]) from error
    return Rewritten(code, tuple(sorted(rewriter.findings, key=lambda one: one.line)))


class _Uses(cst.CSTVisitor):
    """By which names a file has the package, and what it uses of it."""

    def __init__(self) -> None:
        super().__init__()
        self.names = {_OLD}
        self.is_imported = False
        """Is a module that moved imported by its full name? Then its uses are rewritten too."""
        self.is_kept = False
        """Does another import of the file, outside of all functions, stay and bind the package's own name?"""
        self.needs_package = False
        """Is something else of the package used by its full name?"""

    def visit_Module(self, node: cst.Module) -> None:
        lines = (line for line in node.body if isinstance(line, cst.SimpleStatementLine))
        imports = (one for line in lines for one in line.body if isinstance(one, cst.Import))
        self.is_kept = any(_binds_package(alias) for one in imports for alias in one.names)

    def visit_Import(self, node: cst.Import) -> bool:
        for alias in node.names:
            if _name(alias.name) in _MOVED and alias.asname is None:
                self.is_imported = True
            elif _name(alias.name) == _OLD and alias.asname is not None:
                self.names.add(_name(alias.asname.name))
        return False

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:
        return False

    def visit_Attribute(self, node: cst.Attribute) -> bool:
        if _name(node) not in _MOVED:
            node.value.visit(self)
        return False

    def visit_Name(self, node: cst.Name) -> None:
        self.needs_package = self.needs_package or node.value == _OLD

    def moved(self, node: cst.Attribute) -> bool:
        """Is this a module that moved, by any of the package's names?"""
        package, _, rest = _name(node).partition(".")
        return package in self.names and f"{_OLD}.{rest}" in _MOVED


class _Rewriter(cst.CSTTransformer):
    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, file: str, uses: _Uses) -> None:
        super().__init__()
        self.file = file
        self.uses = uses
        self.findings: list[Finding] = []

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.SimpleStatementLine | cst.FlattenSentinel[cst.SimpleStatementLine]:
        statements = self._statements(original_node, updated_node)
        if len(statements) == len(updated_node.body):
            return updated_node.with_changes(body=statements)
        # What one import brought comes from two places now: a line for each, the comments stay with the first.
        first, *others = (one.with_changes(semicolon=cst.MaybeSentinel.DEFAULT) for one in statements)
        return cst.FlattenSentinel(
            [updated_node.with_changes(body=[first]), *(cst.SimpleStatementLine([one]) for one in others)]
        )

    def leave_SimpleStatementSuite(
        self, original_node: cst.SimpleStatementSuite, updated_node: cst.SimpleStatementSuite
    ) -> cst.SimpleStatementSuite:
        statements = self._statements(original_node, updated_node)
        if len(statements) != len(updated_node.body):
            statements = [one.with_changes(semicolon=cst.MaybeSentinel.DEFAULT) for one in statements]
        return updated_node.with_changes(body=statements)

    def _statements(
        self,
        original: cst.SimpleStatementLine | cst.SimpleStatementSuite,
        updated: cst.SimpleStatementLine | cst.SimpleStatementSuite,
    ) -> list[cst.BaseSmallStatement]:
        statements: list[cst.BaseSmallStatement] = []
        for before, statement in zip(original.body, updated.body, strict=True):
            new = self._imports(before, statement)
            statements.extend([statement] if new is None else new)
        return statements

    def leave_Attribute(
        self, original_node: cst.Attribute, updated_node: cst.Attribute
    ) -> cst.BaseExpression:
        if not self.uses.moved(original_node):
            return updated_node
        if not self.uses.is_imported:
            self._left(original_node, original_node, "write enrich in its place, and import enrich")
            return updated_node
        self._found(original_node, _code(original_node), "enrich")
        return cst.Name("enrich")

    def visit_Import(self, node: cst.Import) -> bool:
        return False

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:
        return False

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        methods = [one.name.value for one in node.body.body if isinstance(one, cst.FunctionDef)]
        if found := [name for name in _OF_OLD_TRANSFORMS if name in methods]:
            self._left(
                node,
                f"class {node.name.value}",
                f"it has {' and '.join(found)}; a transform has apply(program) here, and returns a changed program: "
                "see docs/transforms.md",
            )

    def visit_Call(self, node: cst.Call) -> None:
        if isinstance(node.func, cst.Attribute) and (note := _METHODS.get(node.func.attr.value)):
            self._left(node, f"{_code(node.func)}(...)", note)

    # One statement

    def _imports(
        self, before: cst.BaseSmallStatement, statement: cst.BaseSmallStatement
    ) -> list[cst.BaseSmallStatement] | None:
        self._note_pickles(before, statement)
        if isinstance(statement, cst.Import):
            return self._import(before, statement)
        if isinstance(statement, cst.ImportFrom) and not statement.relative and statement.module:
            module = _name(statement.module)
            if module == _OLD:
                return self._from_package(before, statement)
            if module in _MOVED:
                return self._from_moved(before, statement)
            if module.startswith(f"{_OLD}."):
                self._left(
                    before, statement, f"{module} is no part of enrich; keep dash-extensions installed"
                )
        return None

    def _import(self, before: cst.CSTNode, statement: cst.Import) -> list[cst.BaseSmallStatement] | None:
        names = [_name(alias.name) for alias in statement.names]
        if not any(name.partition(".")[0] == _OLD for name in names):
            return None
        if not any(name in _MOVED for name in names):
            self._left(before, statement, "its components stay what they are; keep dash-extensions installed")
            return None
        renamed = [
            alias.with_changes(name=cst.Name("enrich")) if name in _MOVED else alias
            for name, alias in zip(names, statement.names, strict=True)
        ]
        changed = statement.with_changes(names=list({_code(one): one for one in _listed(renamed)}.values()))
        self._found(before, _code(statement), _code(changed))
        bound = any(
            name in _MOVED and alias.asname is None
            for name, alias in zip(names, statement.names, strict=True)
        )
        if not bound or self.uses.is_kept or not self.uses.needs_package:
            return [changed]
        rest = cst.Import([cst.ImportAlias(cst.Name(_OLD))])
        self._left(before, rest, "its components stay what they are; keep dash-extensions installed")
        return [changed, rest]

    def _from_moved(
        self, before: cst.CSTNode, statement: cst.ImportFrom
    ) -> list[cst.BaseSmallStatement] | None:
        if isinstance(statement.names, cst.ImportStar):
            changed = statement.with_changes(module=cst.Name("enrich"))
            self._found(before, _code(statement), _code(changed))
            return [changed]
        known = [alias for alias in statement.names if _name(alias.name) in _ours()]
        unknown = [alias for alias in statement.names if _name(alias.name) not in _ours()]
        if unknown:
            self._left(
                before,
                statement.with_changes(names=_listed(unknown), lpar=None, rpar=None),
                "enrich has nothing by this name",
            )
        if not known:
            return None
        changed = statement.with_changes(module=cst.Name("enrich"))
        if not unknown:
            self._found(before, _code(statement), _code(changed))
            return [changed]
        changed = changed.with_changes(names=_listed(known), lpar=None, rpar=None)
        rest = statement.with_changes(names=_listed(unknown), lpar=None, rpar=None)
        self._found(before, _code(statement), _code(changed))
        return [changed, rest]

    def _from_package(
        self, before: cst.CSTNode, statement: cst.ImportFrom
    ) -> list[cst.BaseSmallStatement] | None:
        if isinstance(statement.names, cst.ImportStar):
            self._left(before, statement, "its components stay what they are; keep dash-extensions installed")
            return None
        modules = [alias for alias in statement.names if _name(alias.name) == "enrich"]
        others = [alias for alias in statement.names if _name(alias.name) != "enrich"]
        if others:
            rest = statement.with_changes(names=_listed(others), lpar=None, rpar=None)
            self._left(before, rest, "components stay what they are; keep dash-extensions installed")
        if not modules:
            return None
        changed = cst.Import(_listed(modules))
        self._found(before, _code(statement), _code(changed))
        return [changed, rest] if others else [changed]

    # Reporting

    def _note_pickles(self, before: cst.CSTNode, statement: cst.BaseSmallStatement) -> None:
        modules: list[str] = []
        if isinstance(statement, cst.Import):
            modules = [_name(alias.name) for alias in statement.names]
        elif isinstance(statement, cst.ImportFrom) and not statement.relative and statement.module:
            modules = [_name(statement.module)]
        for module in modules:
            if (note := _STORED_BY_PICKLE.get(module.partition(".")[0])) is not None:
                self._left(before, statement, note)

    def _found(self, node: cst.CSTNode, old: str, new: str) -> None:
        self.findings.append(Finding(self.file, self._line(node), old, new))

    def _left(self, node: cst.CSTNode, what: cst.CSTNode | str, note: str) -> None:
        old = what if isinstance(what, str) else _code(what)
        self.findings.append(Finding(self.file, self._line(node), old, None, note))

    def _line(self, node: cst.CSTNode) -> int:
        where: Any = self.get_metadata(PositionProvider, node)
        return int(where.start.line)


def _binds_package(alias: cst.ImportAlias) -> bool:
    name = _name(alias.name)
    return alias.asname is None and name.partition(".")[0] == _OLD and name not in _MOVED


def _ours() -> frozenset[str]:
    return frozenset(dir(enrich))


def _listed(aliases: Iterable[cst.ImportAlias]) -> Sequence[cst.ImportAlias]:
    """Aliases in one line, whatever stood between them before."""
    return [alias.with_changes(comma=cst.MaybeSentinel.DEFAULT) for alias in aliases]


def _name(node: cst.CSTNode) -> str:
    if isinstance(node, cst.Attribute):
        return f"{_name(node.value)}.{node.attr.value}"
    return node.value if isinstance(node, cst.Name) else ""


def _code(node: cst.CSTNode) -> str:
    return " ".join(cst.Module([]).code_for_node(node).rstrip("; ").split())
