"""`pytest --ovext`: each check of a project's ops is a test item. Pytest loads this module in every environment."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ovext.build.execute import BuildResult
    from ovext.project import OpDescription, Project
    from ovext.proof.jobs import Job

_PARTS_OF_OP = 3  # ops/my_op/op.toml


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("ovext", "OpenVINO extensions")
    group.addoption("--ovext", action="store_true", help="Prove the ops of extension projects, as `ovext test` does.")
    group.addoption("--ovext-library", metavar="FILE", help="The library to test; without it, the project is built.")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Treat each ops/*/op.toml as a test file."""
    is_op = file_path.name == "op.toml" and file_path.parts[-_PARTS_OF_OP] == "ops"
    if not is_op or not parent.config.getoption("--ovext"):
        return None
    return OpFile.from_parent(parent, path=file_path)


class OpFile(pytest.File):
    """The checks of one op on the CPU."""

    def collect(self) -> Iterator[pytest.Item]:
        from ovext.build.release import openvino_to_run
        from ovext.cli.text import talk
        from ovext.errors import OvextError
        from ovext.project import load_project
        from ovext.proof.jobs import jobs_of
        from ovext.proof.request import ProofRequest

        root = self.path.parents[2]
        try:
            project = load_project(root)
            op = project.op_in(self.path.parent.resolve())
            library = _library(self.config, project, op)
            openvino = openvino_to_run(None, library, talk)
            jobs = jobs_of(project, {op.type: library}, openvino, ProofRequest(op.type, device="CPU"), talk=talk)
        except OvextError as error:
            raise self.CollectError(str(error)) from None
        for job in jobs:
            yield Check.from_parent(self, name=job.about.name(), job=job)


_BUILT: pytest.StashKey[dict[Path, BuildResult]] = pytest.StashKey()


def _library(config: pytest.Config, project: Project, op: OpDescription) -> Path:
    """The library of the op. A project is built once for the whole run."""
    from ovext.cli.test import build
    from ovext.loading import find_library
    from ovext.proof.libraries import library_with

    if named := config.getoption("--ovext-library"):
        return find_library(named, op=op.type)[0]
    built = config.stash.setdefault(_BUILT, {})
    if project.root not in built:
        built[project.root] = build(project, None)
    return library_with(op, built[project.root], project)


class Check(pytest.Item):
    """One row of the table of `ovext test`."""

    def __init__(self, *, job: Job, **keywords: object) -> None:
        super().__init__(**keywords)  # type: ignore[arg-type]
        self._job = job

    def runtest(self) -> None:
        row = self._job.run()
        if row.skipped:
            pytest.skip(row.skipped)
        if row.failures:
            root = shlex.quote(str(self._root))
            lines = [line for one in row.failures for line in (f"{one.check}: {one.what}", one.command(root))]
            pytest.fail("\n".join(lines), pytrace=False)

    @property
    def _root(self) -> Path:
        return self.path.parents[2]

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, f"{self._job.about.op}: {self.name}"
