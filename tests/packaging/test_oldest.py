"""The dependency group "oldest" has the first release of everything that the package lets in."""

import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

PYPROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = PYPROJECT["project"]["optional-dependencies"]
# Of what is optional, those whose frames and relations are read and written.
REQUIRED = [*PYPROJECT["project"]["dependencies"], *EXTRAS["polars"], *EXTRAS["duckdb"]]
OLDEST = [Requirement(text) for text in PYPROJECT["dependency-groups"]["oldest"]]


def versions(requirement: Requirement, operator: str) -> list[Version]:
    return [Version(one.version) for one in requirement.specifier if one.operator == operator]


def test_each_requirement_is_held_at_its_first_release():
    for text in REQUIRED:
        required = Requirement(text)
        (first,) = versions(required, ">=")
        held = [version for one in OLDEST if one.name == required.name for version in versions(one, "==")]
        assert min(held).release[: len(first.release)] == first.release, text


def test_nothing_else_is_held():
    required = {Requirement(text).name for text in REQUIRED}
    assert {one.name for one in OLDEST} == required
