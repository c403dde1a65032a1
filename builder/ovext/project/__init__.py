"""What the author of an extension wrote: the project's table in pyproject.toml and the op.toml of each op."""

from ovext.project.op import OpDescription
from ovext.project.read import Project, described, load_project, read_op

__all__ = ["OpDescription", "Project", "described", "load_project", "read_op"]
