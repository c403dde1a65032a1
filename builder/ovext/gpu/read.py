"""Read layers from an XML for the GPU plugin, and report everything that its parser objects to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, get_args

from ovext.errors import ProjectError, nearest
from ovext.files import read_regular
from ovext.findings import Level
from ovext.gpu.layer import FORMATS, Define, Layer, Source, Tensor, TensorKind, WorkSizes, in_use
from ovext.gpu.mvcl_check import check_mvcl
from ovext.gpu.place import Place, PlacedFinding
from ovext.gpu.xml import Element, XmlError, read_elements

if TYPE_CHECKING:
    from pathlib import Path

# The attributes and children that the parser reads; it silently ignores others.
_KNOWN: dict[str, tuple[set[str], set[str]]] = {
    "CustomLayer": ({"name", "type", "version"}, {"Kernel", "Buffers", "CompilerOptions", "WorkSizes"}),
    "Kernel": ({"entry"}, {"Source", "Define"}),
    "Source": ({"filename"}, set()),
    "Define": ({"name", "param", "type", "default"}, set()),
    "Buffers": (set(), {"Tensor", "Data"}),
    "Tensor": ({"arg-index", "type", "port-index", "format", "size"}, set()),
    "Data": ({"arg-index", "name"}, set()),
    "CompilerOptions": ({"options"}, set()),
    "WorkSizes": ({"global", "local", "dim"}, set()),
}
_KINDS: tuple[TensorKind, ...] = get_args(TensorKind)
_LIST_TYPES = {"int[]": "int", "float[]": "float"}
_SOURCES = {".cl", ".clh", ".c", ".h"}
_SCALAR_TYPES = {"", "int", "float", "bool", "string"}
_INTEGER = re.compile(r"[ \t\n\v\f\r]*([-+]?)0*([0-9]{1,10})")  # as std::stoi reads it, if nothing may follow
_MOST = 99  # arguments or ports: more are a mistake


def read_layers(file: Path) -> tuple[list[Layer], list[PlacedFinding]]:
    """Every layer that the GPU plugin would read from the file, and the findings about the file's form.

    Raises:
        ProjectError: the file cannot be read.
    """
    try:
        data = read_regular(file)
    except OSError as error:
        raise ProjectError(f"the layer file cannot be read: {error.strerror}", where=file) from None
    reader = _Reader(file)
    try:
        elements = read_elements(data, file)
    except XmlError as error:
        text = f"the plugin cannot read this as XML: {error}"
        reader.error("xml", text, Place(file, error.line), "Close or quote what is open here.")
        return [], reader.findings
    if not elements:
        reader.error("no-layer", "the file holds no CustomLayer", Place(file, 1), "Write one.")
    layers = [layer for element in elements if (layer := reader.layer(element))]
    reader.repeated_names(layers)
    return layers, reader.findings


class _Reader:
    def __init__(self, file: Path) -> None:
        self.file = file
        self.findings: list[PlacedFinding] = []

    def error(self, code: str, text: str, where: Place, fix: str = "", level: Level = Level.ERROR) -> None:
        self.findings.append(PlacedFinding(code, level, text, fix, where=where))

    def layer(self, element: Element) -> Layer | None:
        if element.tag != "CustomLayer":
            inside = bool(element.of_tag("CustomLayer"))
            fix = f"Remove <{element.tag}>: layers stand side by side without a common root." if inside else ""
            self.error("root", f"<{element.tag}> is in a place where only <CustomLayer> is allowed", element.place, fix)
            return None
        if element.attributes.get("type") == "MVCL":
            self.findings += check_mvcl(element)
            return None
        self._unknown_parts(element)
        self._fixed(element, "type", "SimpleGPU", element.attributes.get("type") == "SimpleGPU")
        self._fixed(element, "version", "1", _integer(element.attributes.get("version", "")) == 1)
        name = self._needed(element, "name", "layer-name")
        kernel = self._only(element, "Kernel", "no-kernel")
        buffers = self._only(element, "Buffers", "no-buffers")
        if not name or kernel is None or buffers is None:
            return None
        options = self._only(element, "CompilerOptions")
        return Layer(
            op=name,
            entry=self._needed(kernel, "entry", "no-entry"),
            sources=tuple(
                self._source(one) for one in kernel.of_tag("Source") if self._needed(one, "filename", "source")
            ),
            defines=tuple(self._define(one) for one in kernel.of_tag("Define") if self._needed(one, "name", "define")),
            tensors=tuple(self._tensors(buffers)),
            options=options.attributes.get("options", "") if options else "",
            options_place=options.place_of("options") if options else element.place,
            work_sizes=self._work_sizes(element),
            place=element.place,
            data=tuple(data.place for data in buffers.of_tag("Data")),
        )

    def _fixed(self, layer: Element, attribute: str, expected: str, is_right: bool) -> None:
        if not is_right:
            value = layer.attributes.get(attribute)
            said = f"is '{value}'" if value is not None else "is missing"
            text = f"the layer's {attribute} {said}, not '{expected}'"
            self.error(f"layer-{attribute}", text, layer.place_of(attribute), f'Write {attribute}="{expected}".')

    def _unknown_parts(self, element: Element) -> None:
        attributes, children = _KNOWN[element.tag]
        for name in element.repeated:
            text = f"the plugin reads only the first '{name}' of this <{element.tag}>: '{element.attributes[name]}'"
            self.error("repeated", text, element.place_of(name), "Remove the others.", Level.WARNING)
        for name in element.attributes:
            if name not in attributes:
                text = f"the plugin ignores the attribute '{name}' of <{element.tag}>{nearest(name, attributes)}"
                self.error("ignored", text, element.place_of(name), "Remove or rename it.", Level.WARNING)
        for child in element.children:
            if child.tag in children:
                self._unknown_parts(child)
            else:
                text = f"the plugin ignores <{child.tag}> in <{element.tag}>{nearest(child.tag, children)}"
                self.error("ignored", text, child.place, "Remove or rename it.", Level.WARNING)

    def _needed(self, element: Element, attribute: str, code: str) -> str:
        value = element.attributes.get(attribute, "")
        if not value:
            self.error(code, f"<{element.tag}> has no {attribute}", element.place, f'Add {attribute}="...".')
        return value

    def _only(self, element: Element, tag: str, missing: str = "") -> Element | None:
        """The first child with that tag, which is the one that the plugin reads."""
        found = element.of_tag(tag)
        for extra in found[1:]:
            text = f"the plugin reads only the first <{tag}> of a layer"
            self.error("repeated", text, extra.place, "Put all of it into one.", Level.WARNING)
        if not found and missing:
            self.error(missing, f"the layer has no <{tag}>", element.place, f"Add <{tag}>.")
        return found[0] if found else None

    def _source(self, element: Element) -> Source:
        name, where = element.attributes["filename"], element.place_of("filename")
        file = self.file.parent / name.lstrip("/")  # the plugin joins the folder, a slash and the name
        if name.startswith("/"):
            text = "the plugin opens the name behind the folder of the XML, where it does not find an absolute path"
            level = Level.WARNING if file.is_file() else Level.ERROR
            self.error("source-path", text, where, "Put the source beside the XML.", level)
            if level is Level.ERROR:
                return Source(file, None, where, is_told=True)
        real = file.resolve()
        if not real.is_relative_to(self.file.parent.resolve()) and real.suffix not in _SOURCES:
            text = "the path leads out of the folder of the XML to what is named as no source, so it is not read here"
            self.error("source-path", text, where, "Put the source beside the XML.")
            return Source(file, None, where, is_told=True)
        try:
            return Source(file, read_regular(file).decode(errors="replace"), where)
        except OSError:  # the rules on kernels report it
            return Source(file, None, where)

    def _define(self, element: Element) -> Define:
        given = element.attributes
        type_name = given.get("type", "")
        if type_name not in _LIST_TYPES and type_name not in _SCALAR_TYPES:
            text = f"the plugin ignores the type '{type_name}' of a define; only int[] and float[] change its text"
            self.error("define-type", text, element.place_of("type"), "Use int[], float[] or none.", Level.WARNING)
        return Define(
            name=given["name"],
            attribute=given.get("param", ""),
            default=given.get("default", ""),
            place=element.place,
            list_type=_LIST_TYPES.get(type_name, ""),
        )

    def _tensors(self, buffers: Element) -> list[Tensor]:
        return [tensor for element in buffers.of_tag("Tensor") if (tensor := self._tensor(element))]

    def _tensor(self, element: Element) -> Tensor | None:
        given = element.attributes
        argument = self._index(element, "arg-index")
        port = self._index(element, "port-index")
        kind = next((kind for kind in _KINDS if kind == given.get("type", "")), None)
        if kind is None:
            text = f"a tensor's type is '{given.get('type', '')}', not input, output or internal"
            self.error("tensor-type", text, element.place_of("type"), 'Write type="input" or type="output".')
        memory_format = given.get("format", "BFYX")
        if memory_format.upper() not in FORMATS or memory_format not in {memory_format.upper(), memory_format.lower()}:
            allowed = ", ".join(FORMATS)
            text = f"the plugin knows no format '{memory_format}'{nearest(memory_format, FORMATS)}"
            self.error("format", text, element.place_of("format"), f"Use one of {allowed}, all in one case.")
        if kind == "internal":
            self._needed(element, "size", "scratch-size")
        elif "size" in given:
            text = f"the plugin ignores the size of a tensor of type {kind}"
            self.error("ignored", text, element.place_of("size"), "Remove it.", Level.WARNING)
        if argument is None or port is None or kind is None:
            return None
        return Tensor(argument, kind, port, memory_format.upper(), element.place, given.get("size", ""))

    def _index(self, element: Element, attribute: str) -> int | None:
        text = element.attributes.get(attribute, "")
        value = _integer(text)
        if value is not None and 0 <= value <= _MOST:
            return value
        where = element.place_of(attribute)
        if not text:
            self.error("tensor-index", f"a tensor has no {attribute}", where, f'Add {attribute}="0" or higher.')
        else:
            fix = "Count from 0." + (" At less than -1 the plugin crashes." if text.startswith("-") else "")
            self.error("tensor-index", f"the {attribute} '{text[:20]}' is no number from 0 to {_MOST}", where, fix)
        return None

    def _work_sizes(self, layer: Element) -> WorkSizes | None:
        element = self._only(layer, "WorkSizes")
        if element is None:
            return None
        given = element.attributes
        return WorkSizes(given.get("global"), given.get("local", ""), given.get("dim"), element.place)

    def repeated_names(self, layers: list[Layer]) -> None:
        used = in_use(layers)
        for layer in layers:
            if (other := used[layer.op]) is not layer:
                text = f"the layer for '{layer.op}' at line {other.place.line} replaces this one"
                self.error("duplicate", text, layer.place, "Keep one of them.", Level.WARNING)


def _integer(text: str) -> int | None:
    """The value of an attribute that is a number for the plugin; None for any other text."""
    match = _INTEGER.fullmatch(text)
    return int(match[1] + match[2]) if match else None
