# ovext_add_releases(): one library for several releases of OpenVINO, from a build for each.
include_guard(GLOBAL)

# ovext_add_releases(<name> <table> <payload>...)
#
# Builds <name>.so, which has the payloads inside. The table is a C++ file that names them, as
# runtime/releases/payloads.hpp says. `ovext build` writes it and calls this function.
function(ovext_add_releases name table)
  set(sources "${OVEXT_CMAKE_DIR}/runtime/releases")
  add_library(${name} MODULE "${sources}/releases.cpp" "${table}")
  ovext_compile_options(${name})
  ovext_link_options(${name})
  ovext_make_portable(${name})
  target_include_directories(${name} PRIVATE "${sources}")
  # Explicit, since a C library that has these functions itself would make it needless.
  target_link_libraries(${name} PRIVATE LINKER:--no-as-needed -l:libdl.so.2 LINKER:--as-needed)
  set_source_files_properties("${table}" PROPERTIES OBJECT_DEPENDS "${ARGN}")
  set_target_properties(${name} PROPERTIES PREFIX "")
endfunction()
