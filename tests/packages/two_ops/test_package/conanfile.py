from conan import ConanFile


class TestTwoOps(ConanFile):
    python_requires = "ovext/0.1.0"
    python_requires_extend = "ovext.Test"
