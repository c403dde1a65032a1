# Sealing: the code of each instruction set variant is in its own section and shares no symbols except the functions
# that the rest of the library calls. seal_objects.cmake does this before the library is linked.
include_guard(GLOBAL)

# ovext_find_sealing_tools(): GNU ld, nm and objcopy, whichever linker links the library in the end.
macro(ovext_find_sealing_tools)
  foreach(tool IN ITEMS ld.bfd nm objcopy)
    string(MAKE_C_IDENTIFIER "OVEXT_${tool}" variable)
    if(NOT ${variable})
      # Where the compiler itself would find it, even in a toolchain for another system.
      execute_process(
        COMMAND "${CMAKE_CXX_COMPILER}" ${CMAKE_CXX_COMPILER_ARG1} "-print-prog-name=${tool}"
        OUTPUT_VARIABLE ovext_tool
        OUTPUT_STRIP_TRAILING_WHITESPACE
        ERROR_QUIET
      )
      find_program(${variable} NAMES "${ovext_tool}" "${tool}" DOC "${tool} of GNU binutils")
      mark_as_advanced(${variable})
      if(NOT ${variable})
        message(FATAL_ERROR "ovext needs ${tool} of GNU binutils: install the package binutils.")
      endif()
    endif()
  endforeach()
endmacro()

# ovext_add_variant(<name> <variant> <source>...): the sources, compiled for one variant with all settings of the target
# <name>: include folders, definitions, options, language standard, and what comes with the libraries that it links.
function(ovext_add_variant name variant)
  set(target ${name}_${variant})
  add_library(${target} OBJECT ${ARGN})
  ovext_compile_options(${target})
  ovext_use_openvino(${target} host)
  target_include_directories(${target} PRIVATE $<TARGET_PROPERTY:${name},INCLUDE_DIRECTORIES>)
  target_compile_definitions(${target} PRIVATE $<TARGET_PROPERTY:${name},COMPILE_DEFINITIONS>)
  target_link_libraries(${target} PRIVATE $<TARGET_PROPERTY:${name},LINK_LIBRARIES>)
  set(standard $<TARGET_PROPERTY:${name},CXX_STANDARD>)
  target_compile_features(
    ${target}
    PRIVATE $<TARGET_PROPERTY:${name},COMPILE_FEATURES> $<$<BOOL:${standard}>:cxx_std_${standard}>
  )
  ovext_isa_array(baseline baseline_flags)
  ovext_isa_flags(flags ${variant})
  list(JOIN baseline " " baseline)
  list(JOIN flags " " flags)
  target_compile_options(
    ${target}
    PRIVATE
      $<$<NOT:$<OR:$<CONFIG:Debug>,$<CONFIG:Release>>>:-O3>
      "$<$<CXX_COMPILER_ID:GNU>:SHELL:-include ovext/gnu_avx512f.hpp>"
      # Otherwise loops that compute on only one side of a condition are not vectorised.
      -fno-trapping-math
      -fno-math-errno
      $<TARGET_PROPERTY:${name},COMPILE_OPTIONS>
      # Last, so that an option of the project such as -march=native does not widen a variant; as one word, since CMake
      # drops an option that is already in the list.
      "SHELL:${baseline} ${flags} -ffp-contract=${OVEXT_FP_CONTRACT} -fno-lto"
  )
  set_property(TARGET ${name} APPEND PROPERTY LINK_DEPENDS $<TARGET_OBJECTS:${target}>)
  if(NOT CMAKE_GENERATOR MATCHES "Ninja") # Ninja knows files of other targets, and need not wait for all of them
    add_dependencies(${name} ${target})
  endif()
endfunction()

# ovext_seal(<name> <variant>...): link the sealed variants into <name>. A call from its other code to a function that
# the variants define goes to the variant that this CPU runs.
function(ovext_seal name)
  ovext_find_sealing_tools()
  set(dir "${CMAKE_CURRENT_BINARY_DIR}/ovext/${name}/sealed")
  set(
    settings
    "set(dir [==[${dir}]==])
set(nm [==[${OVEXT_nm}]==])
set(ld [==[${OVEXT_ld_bfd}]==])
set(objcopy [==[${OVEXT_objcopy}]==])
set(compiler [==[${CMAKE_CXX_COMPILER}]==])
set(name [==[${name}]==])
set(variants [==[${ARGN}]==])
set(callers [==[$<FILTER:$<TARGET_OBJECTS:${name}>,EXCLUDE,[.][gp]ch$>]==])
"
  )
  foreach(variant IN LISTS ARGN)
    string(APPEND settings "set(objects_${variant} [==[$<TARGET_OBJECTS:${name}_${variant}>]==])\n")
    target_link_options(${name} PRIVATE "${dir}/${variant}.o")
  endforeach()
  target_link_options(${name} PRIVATE "${dir}/calls.o")
  file(GENERATE OUTPUT "${dir}.cmake" CONTENT "${settings}")
  add_custom_command(
    TARGET ${name}
    PRE_LINK
    COMMAND "${CMAKE_COMMAND}" "-DOVEXT_SEAL=${dir}.cmake" -P "${OVEXT_CMAKE_DIR}/seal_objects.cmake"
    VERBATIM
  )
  set_property(TARGET ${name} APPEND PROPERTY LINK_DEPENDS "${OVEXT_CMAKE_DIR}/seal_objects.cmake" "${dir}.cmake")
endfunction()
