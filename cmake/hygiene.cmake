# What every library shares: the flags, what it exports, and what it must not carry.
include_guard(GLOBAL)

# ovext_compile_options(<target>): what all code of an extension is compiled with.
function(ovext_compile_options target)
  ovext_isa_array(baseline baseline_flags)
  target_compile_features(${target} PRIVATE cxx_std_17)
  target_compile_options(
    ${target}
    PRIVATE
      # Explicit, since some distributions raise the compiler's default above it.
      ${baseline}
      -Wall
      -Wextra
      # CMake's default build type is empty, which would mean no optimisation at all.
      $<$<STREQUAL:$<CONFIG>,>:-O2;-DNDEBUG>
      # Messages of checks name source files; the build machine's folders are no business of theirs.
      "-ffile-prefix-map=${OVEXT_CMAKE_DIR}/runtime=ovext"
      "-ffile-prefix-map=${CMAKE_CURRENT_BINARY_DIR}=build"
      "-ffile-prefix-map=${CMAKE_CURRENT_SOURCE_DIR}=${target}"
      # Statics of templates must not be merged with those of another library in the process.
      $<$<CXX_COMPILER_ID:GNU>:-fno-gnu-unique>
  )
  set_target_properties(
    ${target}
    PROPERTIES
      CXX_EXTENSIONS OFF
      CXX_VISIBILITY_PRESET hidden
      VISIBILITY_INLINES_HIDDEN ON
      POSITION_INDEPENDENT_CODE ON
      INTERPROCEDURAL_OPTIMIZATION OFF
      EXPORT_COMPILE_COMMANDS ON # the manifest tells the flags
  )
endfunction()

# ovext_link_options(<target>): two exported symbols, no run path of the build machine, hardened.
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
