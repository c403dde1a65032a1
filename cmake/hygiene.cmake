# What all libraries have in common: the flags, what they export, and what they must not contain.
include_guard(GLOBAL)

# ovext_compile_options(<target>): the compile options of all code of an extension.
function(ovext_compile_options target)
  ovext_isa_array(baseline baseline_flags)
  target_compile_features(${target} PRIVATE cxx_std_17)
  target_compile_options(
    ${target}
    PRIVATE
      # Explicit, since some distributions raise the compiler's default above it.
      ${baseline}
      # CMake's default build type is empty, which would mean no optimisation at all.
      $<$<STREQUAL:$<CONFIG>,>:-O2;-DNDEBUG>
      # Statics of templates must not be merged with those of another library in the process.
      $<$<CXX_COMPILER_ID:GNU>:-fno-gnu-unique>
      # Objects are inspected before they are linked.
      -fno-lto
  )
  # If several match, the last one applies: those for inner folders come after those for outer ones.
  ovext_map_folder(${target} "${CMAKE_CURRENT_SOURCE_DIR}" ${target})
  ovext_map_folder(${target} "${CMAKE_CURRENT_BINARY_DIR}" build)
  ovext_map_folder(${target} "${OVEXT_CMAKE_DIR}/runtime" ovext)
  set_target_properties(
    ${target}
    PROPERTIES
      CXX_EXTENSIONS OFF
      CXX_VISIBILITY_PRESET hidden
      VISIBILITY_INLINES_HIDDEN ON
      POSITION_INDEPENDENT_CODE ON
      INTERPROCEDURAL_OPTIMIZATION OFF
      EXPORT_COMPILE_COMMANDS ON # the manifest has the flags
  )
endfunction()

# ovext_map_folder(<target> <folder> <name>): where code names its source file, as checks do in their messages, <name>
# replaces the folder of the build machine. Libraries do not depend on where they are built.
function(ovext_map_folder target folder name)
  set(paths "${folder}")
  if(NOT folder STREQUAL CMAKE_BINARY_DIR)
    # ccache may turn absolute paths into relative ones.
    file(RELATIVE_PATH relative "${CMAKE_BINARY_DIR}" "${folder}")
    string(REGEX REPLACE "/$" "" relative "${relative}")
    list(PREPEND paths "${relative}")
  endif()
  foreach(path IN LISTS paths)
    set(option "-ffile-prefix-map=${path}=${name}")
    if(CMAKE_CXX_COMPILER_LAUNCHER MATCHES "sccache" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      # sccache does not look up a compilation by its preprocessor options: checkouts share objects.
      set(option "SHELL:-Xpreprocessor \"${option}\"")
    endif()
    target_compile_options(${target} PRIVATE "${option}")
  endforeach()
endfunction()

# ovext_link_options(<target>): export only what exports.map lists, no run path of the build machine, hardening.
function(ovext_link_options target)
  set(exports "${OVEXT_CMAKE_DIR}/runtime/exports.map")
  target_link_options(
    ${target}
    PRIVATE
      "LINKER:--version-script=${exports}"
      LINKER:--exclude-libs,ALL
      LINKER:--as-needed
      LINKER:-z,relro
      LINKER:-z,now
      LINKER:-z,noexecstack
      # Models hold ops of the library but not the library: unloading it with its core would leave them without code.
      LINKER:-z,nodelete
  )
  set_target_properties(${target} PROPERTIES LINK_DEPENDS "${exports}" SKIP_BUILD_RPATH ON)
endfunction()
