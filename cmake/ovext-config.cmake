# The CMake package `ovext`: find_package(ovext), then ovext_add_extension(NAME OPS op...).
# docs/cmake.md is the reference.
cmake_minimum_required(VERSION 3.26)

# This runs for each folder that requests the package; the functions below are defined once.
file(REAL_PATH "${CMAKE_CURRENT_LIST_DIR}" OVEXT_CMAKE_DIR)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${OVEXT_CMAKE_DIR}/isa.json")
file(READ "${OVEXT_CMAKE_DIR}/isa.json" OVEXT_ISA_JSON)

include("${CMAKE_CURRENT_LIST_DIR}/isa.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/openvino.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/hygiene.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/portable.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/seal.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/report.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/wheel.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/add_extension.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/releases.cmake")
