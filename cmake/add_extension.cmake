# ovext_add_extension(): an OpenVINO extension library from the folders of its ops.
include_guard(GLOBAL)

set(
  OVEXT_FP_CONTRACT
  off
  CACHE STRING
  "fast: kernels may fuse multiplications with additions; off: the same bits everywhere"
)
set(
  OVEXT_GENERATED
  ""
  CACHE PATH
  "Where generated sources lie that do not depend on OpenVINO; builds for several releases share it, for a compiler cache"
)
option(OVEXT_LEGACY_NAME "Name the library libcpu_extension_<isa>.so, as OpenVINO before 2020 did" OFF)

# ovext_add_extension(<name> [OPS <op>...] [SOURCES <file>...] [LINK needed|host])
#
# Builds lib<name>_cpu_extension.so from ops/<op>/op.cpp and ops/<op>/kernel.cpp of each op, and from the sources of an
# existing extension, which have their own entry point. Each kernel.cpp and each of the sources is compiled once for
# each instruction set variant. Settings of the target <name>, such as include folders, apply to all of them.
function(ovext_add_extension name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "LINK" "OPS;SOURCES")
  ovext_check_arguments()
  set(in_wheel FALSE)
  if(SKBUILD AND EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/pyproject.toml")
    set(in_wheel TRUE)
    ovext_configure_wheel()
  endif()
  ovext_find_openvino()
  ovext_chosen_variants(variants)
  set(generated "${CMAKE_CURRENT_BINARY_DIR}/ovext/${name}")
  if(OVEXT_GENERATED)
    string(MD5 choices "${name} [${variants}] [${arg_OPS}] [${arg_SOURCES}]")
    set(generated "${OVEXT_GENERATED}/${choices}")
  endif()
  ovext_generate_sources("${generated}" "${variants}" "${arg_OPS}" "${arg_SOURCES}")

  add_library(${name} MODULE)
  ovext_compile_options(${name})
  ovext_link_options(${name})
  ovext_use_openvino(${name} ${arg_LINK})
  ovext_output_name(${name} "${variants}")
  target_include_directories(${name} PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}" "${OVEXT_CMAKE_DIR}/runtime")
  target_sources(
    ${name}
    PRIVATE
      "${generated}/entry.cpp"
      "${generated}/variant_table.cpp"
      "${OVEXT_CMAKE_DIR}/runtime/cpu.cpp"
      "${OVEXT_CMAKE_DIR}/runtime/variant.cpp"
      "${OVEXT_CMAKE_DIR}/runtime/dispatch.cpp"
  )
  if(arg_SOURCES)
    target_sources(${name} PRIVATE "${OVEXT_CMAKE_DIR}/runtime/ops.cpp")
  endif()
  ovext_make_portable(${name})
  list(TRANSFORM arg_OPS REPLACE "(.+)" "ops/\\1/op.cpp" OUTPUT_VARIABLE op_sources)
  list(TRANSFORM arg_OPS REPLACE "(.+)" "ops/\\1/kernel.cpp" OUTPUT_VARIABLE kernel_sources)
  target_sources(${name} PRIVATE ${op_sources})
  if(arg_OPS)
    target_compile_options(${name} PRIVATE -Wall -Wextra)
  endif()
  foreach(variant IN LISTS variants)
    ovext_add_variant(${name} ${variant} ${kernel_sources} ${arg_SOURCES})
  endforeach()
  ovext_seal(${name} ${variants})
  ovext_write_report(${name} "${variants}" "${arg_OPS}" "${arg_SOURCES}" ${arg_LINK})
  if(in_wheel)
    ovext_install_in_wheel(${name})
  endif()
endfunction()

# ovext_check_arguments(): check the arguments of ovext_add_extension(), and set arg_LINK if it was not given.
macro(ovext_check_arguments)
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "ovext_add_extension(${name}): unexpected '${arg_UNPARSED_ARGUMENTS}'")
  endif()
  if(NOT arg_OPS AND NOT arg_SOURCES)
    message(
      FATAL_ERROR
      "ovext_add_extension(${name}): OPS must name folders below ops/, or SOURCES the files of an existing extension"
    )
  endif()
  if(NOT arg_LINK)
    set(arg_LINK needed)
  elseif(NOT arg_LINK MATCHES "^(needed|host)$")
    message(FATAL_ERROR "ovext_add_extension(${name}): LINK is needed or host, not '${arg_LINK}'")
  endif()
  if(NOT OVEXT_FP_CONTRACT MATCHES "^(off|fast)$")
    message(FATAL_ERROR "OVEXT_FP_CONTRACT is off or fast, not '${OVEXT_FP_CONTRACT}'")
  endif()
  list(REMOVE_DUPLICATES arg_OPS)
  ovext_check_ops(${name} "${arg_OPS}")
  foreach(source IN LISTS arg_SOURCES)
    if(NOT EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/${source}" AND NOT (IS_ABSOLUTE "${source}" AND EXISTS "${source}"))
      message(FATAL_ERROR "ovext_add_extension(${name}): ${source} does not exist")
    endif()
  endforeach()
endmacro()

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

# ovext_generate_sources(<dir> <variants> <ops> <sources>): write variant_table.cpp, and entry.cpp, which adds the
# extensions of the ops and of the entry point among the sources.
function(ovext_generate_sources dir variants ops sources)
  ovext_write_variant_table("${dir}" "${variants}")
  set(OVEXT_DECLARATIONS "")
  set(OVEXT_CALLS "")
  foreach(op IN LISTS ops)
    string(APPEND OVEXT_DECLARATIONS "namespace ${op} {\nExtensions extensions();\n}\n")
    string(APPEND OVEXT_CALLS "    add(${op}::extensions());\n")
  endforeach()
  if(sources)
    string(APPEND OVEXT_DECLARATIONS "extern \"C\" void ovext_create_extensions(Extensions&);\n")
    string(
      APPEND OVEXT_CALLS
      "    Extensions of_sources;\n    ovext_create_extensions(of_sources);\n    add(of_sources);\n"
    )
  endif()
  configure_file("${OVEXT_CMAKE_DIR}/runtime/entry.cpp.in" "${dir}/entry.cpp" @ONLY)
endfunction()
