"""Attributes of every type on the GPU plugin: it processes some, and the check refuses the others."""

from pathlib import Path

import pytest

from helpers import Ovext
from ovext.errors import ExitCode
from ovext.project.attributes import ATTRIBUTE_TYPES
from proven import default_of

OPTIONS = {
    of.name: f"a:{of.name}{'(one,two)' if of.name == 'enum' else ''}={default_of(of)}"
    for of in ATTRIBUTE_TYPES.values()
}


def test_the_plugin_computes_an_op_with_attributes_of_its_types(ovext: Ovext, tmp_path: Path) -> None:
    """All are in one op: the plugin visits every attribute, no matter which ones the layer uses."""
    attributes = [
        word.replace("a:", f"a{number}:", 1)
        for number, (name, word) in enumerate(OPTIONS.items())
        if ATTRIBUTE_TYPES[name].on_gpu
    ]
    options = [part for word in attributes for part in ("--attribute", word)]
    ovext("new", "on_gpu", "--input", "data:f32,f16", "--gpu", *options, cwd=tmp_path)
    done = ovext("test", "on_gpu", "--device", "sim", cwd=tmp_path)
    assert done.returncode == ExitCode.OK, done.stdout + done.stderr
    assert "simulated GPU" in done.stdout


@pytest.mark.parametrize("name", [name for name, of in ATTRIBUTE_TYPES.items() if not of.on_gpu])
def test_an_attribute_that_the_plugin_cannot_process_is_refused(ovext: Ovext, tmp_path: Path, name: str) -> None:
    ovext("new", "on_gpu", "--input", "data:f32", "--gpu", "--attribute", OPTIONS[name], cwd=tmp_path)
    done = ovext("gpu", "check", "on_gpu", "--no-compile", cwd=tmp_path)
    assert done.returncode == ExitCode.FAILED
    assert "the plugin cannot process the attribute 'a'" in done.stdout
    assert "[attribute-type]" in done.stdout
    assert ovext("build", "on_gpu", cwd=tmp_path).returncode == ExitCode.FAILED
