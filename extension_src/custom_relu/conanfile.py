from conan import ConanFile


class CustomRelu(ConanFile):
    python_requires = "ovext/0.1.0"
    python_requires_extend = "ovext.Extension"
