from conan import ConanFile


class LlmOps(ConanFile):
    python_requires = "ovext/0.1.0"
    python_requires_extend = "ovext.Extension"
