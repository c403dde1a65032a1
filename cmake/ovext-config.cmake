# The CMake package `ovext`: find_package(ovext), then ovext_add_extension(NAME OPS op...).
# docs/cmake.md is the reference.
cmake_minimum_required(VERSION 3.26)

include("${CMAKE_CURRENT_LIST_DIR}/isa.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/openvino.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/hygiene.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/report.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/add_extension.cmake")
