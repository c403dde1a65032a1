# ovext_add_extension(): an OpenVINO extension library from the folders of its ops.
include_guard(GLOBAL)

option(OVEXT_LEGACY_NAME "Name the library libcpu_extension_<isa>.so, as OpenVINO before 2020 did" OFF)

# ovext_add_extension(<name> OPS <op>... [LINK needed|host])
#
# Builds lib<name>_cpu_extension.so from ops/<op>/op.cpp and ops/<op>/kernel.cpp of each op. Each kernel.cpp is compiled
# once per instruction set variant. The target <name> can be extended with target_sources() and the like.
function(ovext_add_extension name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "LINK" "OPS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "ovext_add_extension(${name}): unexpected '${arg_UNPARSED_ARGUMENTS}'")
  endif()
  if(NOT arg_OPS)
    message(FATAL_ERROR "ovext_add_extension(${name}): OPS must name at least one folder below ops/")
  endif()
  list(REMOVE_DUPLICATES arg_OPS)
  if(NOT arg_LINK)
    set(arg_LINK needed)
  elseif(NOT arg_LINK MATCHES "^(needed|host)$")
    message(FATAL_ERROR "ovext_add_extension(${name}): LINK is needed or host, not '${arg_LINK}'")
  endif()

  ovext_check_ops(${name} "${arg_OPS}")

  set(in_wheel FALSE)
  if(SKBUILD AND EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/pyproject.toml")
    set(in_wheel TRUE)
    ovext_configure_wheel()
  endif()
  ovext_find_openvino()
  ovext_chosen_variants(variants)
  set(generated "${CMAKE_CURRENT_BINARY_DIR}/ovext/${name}")
  ovext_generate_sources("${generated}" "${variants}" "${arg_OPS}")

  add_library(${name} MODULE)
  ovext_compile_options(${name})
  ovext_link_options(${name})
  ovext_use_openvino(${name} ${arg_LINK})
  ovext_output_name(${name} "${variants}")
  target_include_directories(${name} PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}" "${OVEXT_CMAKE_DIR}/runtime" "${generated}")
  target_sources(
    ${name}
    PRIVATE
      "${generated}/entry.cpp"
      "${generated}/variant_table.cpp"
      "${OVEXT_CMAKE_DIR}/runtime/cpu.cpp"
      "${OVEXT_CMAKE_DIR}/runtime/variant.cpp"
      "${OVEXT_CMAKE_DIR}/runtime/dispatch.cpp"
  )
  ovext_make_portable(${name})
  foreach(op IN LISTS arg_OPS)
    target_sources(${name} PRIVATE "ops/${op}/op.cpp")
  endforeach()
  foreach(variant IN LISTS variants)
    ovext_add_kernels(${name} ${variant} "${arg_OPS}")
  endforeach()
  ovext_write_report(${name} "${variants}" "${arg_OPS}" ${arg_LINK})
  if(in_wheel)
    ovext_install_in_wheel(${name})
  endif()
endfunction()

function(ovext_check_ops name ops)
  foreach(op IN LISTS ops)
    if(NOT op MATCHES "^[A-Za-z_][A-Za-z0-9_]*$")
      message(FATAL_ERROR "ovext_add_extension(${name}): the folder '${op}' cannot be the name of a C++ namespace")
    endif()
    foreach(file IN ITEMS op.cpp kernel.cpp)
      if(NOT EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/ops/${op}/${file}")
        message(FATAL_ERROR "ovext_add_extension(${name}): ops/${op}/${file} does not exist")
      endif()
    endforeach()
  endforeach()
endfunction()

# The kernels of all ops for one variant. They see the headers of ovext only: OpenVINO's would bring inline functions.
function(ovext_add_kernels name variant ops)
  set(target ${name}_${variant})
  add_library(${target} OBJECT)
  ovext_compile_options(${target})
  ovext_isa_flags(flags ${variant})
  target_compile_options(
    ${target}
    PRIVATE
      ${flags}
      # Variants give the same numbers only when none of them fuses a multiplication with an addition.
      -ffp-contract=off
      -fno-exceptions
      $<$<NOT:$<OR:$<CONFIG:Debug>,$<CONFIG:Release>>>:-O3>
  )
  target_compile_definitions(${target} PRIVATE OVEXT_ISA=${variant})
  target_include_directories(${target} PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}" "${OVEXT_CMAKE_DIR}/runtime")
  foreach(op IN LISTS ops)
    target_sources(${target} PRIVATE "ops/${op}/kernel.cpp")
  endforeach()
  target_sources(${name} PRIVATE $<TARGET_OBJECTS:${target}>)
endfunction()

function(ovext_output_name name variants)
  set(output_name "${name}_cpu_extension")
  if(OVEXT_LEGACY_NAME)
    set(output_name cpu_extension)
    list(LENGTH variants count)
    if(count EQUAL 1)
      ovext_isa_column(ids id)
      ovext_isa_column(suffixes legacy_suffix)
      list(FIND ids ${variants} row)
      list(GET suffixes ${row} suffix)
      string(APPEND output_name "_${suffix}")
    endif()
  endif()
  set_target_properties(${name} PROPERTIES PREFIX lib OUTPUT_NAME "${output_name}")
endfunction()

function(ovext_generate_sources dir variants ops)
  set(OVEXT_VARIANTS "${variants}")
  list(TRANSFORM variants REPLACE "(.+)" "X(\\1)" OUTPUT_VARIABLE OVEXT_VARIANT_CALLS)
  string(REPLACE ";" " " OVEXT_VARIANT_CALLS "${OVEXT_VARIANT_CALLS}")
  configure_file("${OVEXT_CMAKE_DIR}/runtime/variants.hpp.in" "${dir}/ovext/variants.hpp" @ONLY)
  ovext_write_variant_table("${dir}" "${variants}")

  set(OVEXT_OP_DECLARATIONS "")
  set(OVEXT_OP_CALLS "")
  foreach(op IN LISTS ops)
    string(APPEND OVEXT_OP_DECLARATIONS "namespace ${op} {\nstd::vector<ov::Extension::Ptr> extensions();\n}\n")
    string(APPEND OVEXT_OP_CALLS "    add(${op}::extensions());\n")
  endforeach()
  configure_file("${OVEXT_CMAKE_DIR}/runtime/entry.cpp.in" "${dir}/entry.cpp" @ONLY)
endfunction()
