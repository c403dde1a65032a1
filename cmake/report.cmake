# What was configured, as JSON for the builder: one file per library in <build>/ovext/report/.
include_guard(GLOBAL)

# Reports of libraries that the project no longer has must not be taken for current ones.
file(REMOVE_RECURSE "${CMAKE_BINARY_DIR}/ovext/report")

# ovext_json_array(<out> <item>...)
function(ovext_json_array out)
  set(items "")
  foreach(item IN LISTS ARGN)
    list(APPEND items "\"${item}\"")
  endforeach()
  list(JOIN items ", " items)
  set(${out} "[${items}]" PARENT_SCOPE)
endfunction()

# ovext_json_objects(<out> <library> <variant>...): the object files of each variant, and under "" of the library itself.
function(ovext_json_objects out library)
  ovext_json_array(own "$<JOIN:$<FILTER:$<TARGET_OBJECTS:${library}>,EXCLUDE,[.][gp]ch$>,\", \">") # no precompiled headers
  set(items "\"\": ${own}")
  foreach(variant IN LISTS ARGN)
    ovext_json_array(files "$<JOIN:$<TARGET_OBJECTS:${library}_${variant}>,\", \">")
    string(APPEND items ", \"${variant}\": ${files}")
  endforeach()
  set(${out} "{${items}}" PARENT_SCOPE)
endfunction()

# ovext_binutils_version(<out>): such as 2.40; what GNU ld says after its name, which vendors change.
function(ovext_binutils_version out)
  execute_process(COMMAND "${OVEXT_ld_bfd}" --version OUTPUT_VARIABLE said ERROR_QUIET)
  string(REGEX MATCH "^[^\n]* ([0-9][^ \n]*)" line "${said}")
  set(${out} "${CMAKE_MATCH_1}" PARENT_SCOPE)
endfunction()

function(
  ovext_write_report
  name
  variants
  ops
  sources
  link
)
  ovext_binutils_version(binutils)
  ovext_json_objects(objects ${name} ${variants})
  ovext_json_array(variants ${variants})
  ovext_json_array(ops ${ops})
  ovext_json_array(sources ${sources})
  file(
    GENERATE OUTPUT "${CMAKE_BINARY_DIR}/ovext/report/${name}.json"
    CONTENT
      "{
  \"schema\": 1,
  \"library\": \"${name}\",
  \"file\": \"$<TARGET_FILE:${name}>\",
  \"source_dir\": \"${CMAKE_CURRENT_SOURCE_DIR}\",
  \"ops\": ${ops},
  \"sources\": ${sources},
  \"variants\": ${variants},
  \"objects\": ${objects},
  \"link\": \"${link}\",
  \"fp_contract\": \"${OVEXT_FP_CONTRACT}\",
  \"build_type\": \"$<CONFIG>\",
  \"compiler\": {\"id\": \"${CMAKE_CXX_COMPILER_ID}\", \"version\": \"${CMAKE_CXX_COMPILER_VERSION}\", \"binutils\": \"${binutils}\"}
}
"
  )
endfunction()
