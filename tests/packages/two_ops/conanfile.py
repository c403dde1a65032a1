from conan import ConanFile


class TwoOps(ConanFile):
    python_requires = "ovext/0.1.0"
    python_requires_extend = "ovext.Extension"
