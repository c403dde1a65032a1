# Instruction set variants: which ones to compile, with which flags. The table is isa.json.
include_guard(GLOBAL)

set(
  OVEXT_ISA
  ""
  CACHE STRING
  "Instruction set variants: a list of ids from isa.json, `multi` for all, `native` for this host's best one"
)

# ovext_isa_array(<out> <json path>...): a JSON array of strings as a CMake list.
function(ovext_isa_array out)
  set(items "")
  string(JSON count LENGTH "${OVEXT_ISA_JSON}" ${ARGN})
  if(count GREATER 0)
    math(EXPR last "${count} - 1")
    foreach(index RANGE ${last})
      string(JSON item GET "${OVEXT_ISA_JSON}" ${ARGN} ${index})
      list(APPEND items "${item}")
    endforeach()
  endif()
  set(${out} "${items}" PARENT_SCOPE)
endfunction()

# ovext_isa_column(<out> <key>): one value of every row, from the narrowest instruction set to the widest.
function(ovext_isa_column out key)
  set(values "")
  string(JSON count LENGTH "${OVEXT_ISA_JSON}" variants)
  math(EXPR last "${count} - 1")
  foreach(index RANGE ${last})
    string(JSON value GET "${OVEXT_ISA_JSON}" variants ${index} ${key})
    list(APPEND values "${value}")
  endforeach()
  set(${out} "${values}" PARENT_SCOPE)
endfunction()

# ovext_isa_flags(<out> <id>): the flags of one row, which are added to the baseline's.
function(ovext_isa_flags out id)
  ovext_isa_column(ids id)
  list(FIND ids "${id}" row)
  ovext_isa_array(flags variants ${row} flags)
  set(${out} "${flags}" PARENT_SCOPE)
endfunction()

# ovext_check_processor(): the table is written for one kind of processor.
function(ovext_check_processor)
  string(JSON wanted GET "${OVEXT_ISA_JSON}" processor)
  if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "^(${wanted}|AMD64|amd64)$")
    message(FATAL_ERROR "ovext builds for ${wanted} processors; this toolchain builds for ${CMAKE_SYSTEM_PROCESSOR}.")
  endif()
endfunction()

# ovext_supported_isas(<out>): the instruction sets that the machine running CMake supports.
function(ovext_supported_isas out)
  string(MD5 table "${OVEXT_ISA_JSON}")
  set(cached OVEXT_HOST_ISAS_${table})
  if(NOT DEFINED CACHE{${cached}})
    set(dir "${CMAKE_BINARY_DIR}/ovext/detect")
    ovext_isa_column(ids id)
    ovext_write_variant_table("${dir}" "${ids}")
    try_run(
      ran
      compiled
      SOURCES
        "${OVEXT_CMAKE_DIR}/runtime/detect.cpp"
        "${OVEXT_CMAKE_DIR}/runtime/cpu.cpp"
        "${OVEXT_CMAKE_DIR}/runtime/variant.cpp"
        "${dir}/variant_table.cpp"
      CMAKE_FLAGS "-DINCLUDE_DIRECTORIES=${OVEXT_CMAKE_DIR}/runtime"
      CXX_STANDARD 17
      CXX_STANDARD_REQUIRED ON
      COMPILE_OUTPUT_VARIABLE compile_output
      RUN_OUTPUT_VARIABLE run_output
    )
    if(NOT compiled OR NOT ran EQUAL 0)
      message(
        FATAL_ERROR
        "ovext could not find out which instruction sets this host has; name them with -DOVEXT_ISA=...\n${compile_output}"
      )
    endif()
    string(STRIP "${run_output}" run_output)
    string(REPLACE "\n" ";" host_isas "${run_output}")
    set(${cached} "${host_isas}" CACHE INTERNAL "Instruction sets of the machine that runs CMake")
  endif()
  set(${out} "${${cached}}" PARENT_SCOPE)
endfunction()

# ovext_legacy_isa(<out>): the one that ENABLE_SSE42, ENABLE_AVX2 and ENABLE_AVX512F request: the highest that is ON; if
# none is ON, the host's best that is not OFF. Empty if none of them is defined.
function(ovext_legacy_isa out)
  ovext_isa_column(ids id)
  ovext_isa_column(options option)
  set(chosen "")
  set(defined FALSE)
  set(allowed "")
  foreach(id option IN ZIP_LISTS ids options)
    if(NOT DEFINED ${option})
      list(APPEND allowed ${id})
      continue()
    endif()
    set(defined TRUE)
    if(${${option}})
      set(chosen ${id})
    endif()
  endforeach()
  if(defined AND NOT chosen)
    ovext_best_host_isa(chosen "${allowed}")
  endif()
  set(${out} "${chosen}" PARENT_SCOPE)
endfunction()

# ovext_best_host_isa(<out> <allowed>): the widest of `allowed` that this host supports.
function(ovext_best_host_isa out allowed)
  ovext_supported_isas(supported)
  set(best "")
  foreach(id IN LISTS allowed)
    if(id IN_LIST supported)
      set(best ${id})
    endif()
  endforeach()
  if(NOT best)
    message(
      FATAL_ERROR
      "No instruction set variant is left: allowed are [${allowed}], this host supports [${supported}]."
    )
  endif()
  set(${out} "${best}" PARENT_SCOPE)
endfunction()

# ovext_chosen_variants(<out>): the ids to compile, from the narrowest to the widest.
function(ovext_chosen_variants out)
  ovext_check_processor()
  ovext_isa_column(ids id)
  ovext_legacy_isa(legacy)
  if(OVEXT_ISA AND legacy)
    ovext_isa_column(options option)
    string(REPLACE ";" ", " options "${options}")
    message(FATAL_ERROR "OVEXT_ISA=${OVEXT_ISA} was given together with one of ${options}: give one of the two.")
  endif()
  if(legacy)
    set(chosen ${legacy})
  elseif(NOT OVEXT_ISA OR OVEXT_ISA STREQUAL "native")
    ovext_best_host_isa(chosen "${ids}")
  elseif(OVEXT_ISA STREQUAL "multi")
    set(chosen ${ids})
  else()
    ovext_check_isa_names("${OVEXT_ISA}" "${ids}")
    set(chosen "")
    foreach(id IN LISTS ids)
      if(id IN_LIST OVEXT_ISA)
        list(APPEND chosen ${id})
      endif()
    endforeach()
  endif()
  set(${out} "${chosen}" PARENT_SCOPE)
endfunction()

function(ovext_check_isa_names asked known)
  foreach(id IN LISTS asked)
    if(NOT id IN_LIST known)
      string(REPLACE ";" ", " allowed "${known}")
      message(FATAL_ERROR "OVEXT_ISA: unknown instruction set '${id}'. Allowed: ${allowed}, or alone: multi, native.")
    endif()
  endforeach()
endfunction()

# ovext_write_variant_table(<dir> <ids>): write variant_table.cpp, with `ids` marked as compiled.
function(ovext_write_variant_table dir ids)
  ovext_isa_column(all id)
  set(OVEXT_FEATURE_ARRAYS "")
  set(OVEXT_VARIANT_ROWS "")
  set(row 0)
  foreach(id IN LISTS all)
    ovext_isa_array(features variants ${row} features)
    list(LENGTH features feature_count)
    list(FIND ids ${id} index)
    string(APPEND OVEXT_FEATURE_ARRAYS "const Feature features_of_${id}[] = {\n")
    foreach(feature IN LISTS features)
      ovext_feature_initializer(initializer ${feature})
      string(APPEND OVEXT_FEATURE_ARRAYS "    ${initializer},\n")
    endforeach()
    string(APPEND OVEXT_FEATURE_ARRAYS "};\n")
    string(APPEND OVEXT_VARIANT_ROWS "    {\"${id}\", features_of_${id}, ${feature_count}, ${index}},\n")
    math(EXPR row "${row} + 1")
  endforeach()
  configure_file("${OVEXT_CMAKE_DIR}/runtime/variant_table.cpp.in" "${dir}/variant_table.cpp" @ONLY)
endfunction()

function(ovext_feature_initializer out feature)
  set(values "\"${feature}\"")
  foreach(
    key
    IN
    ITEMS leaf subleaf register bit xcr0
  )
    string(JSON value GET "${OVEXT_ISA_JSON}" features ${feature} ${key})
    if(key STREQUAL "register")
      set(value "Register::${value}")
    endif()
    list(APPEND values "${value}")
  endforeach()
  string(REPLACE ";" ", " values "${values}")
  set(${out} "{${values}}" PARENT_SCOPE)
endfunction()
