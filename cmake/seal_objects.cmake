# Run before a library is linked: makes of the objects of each variant one sealed object, and writes the calls into it.
#
#   cmake -DOVEXT_SEAL=FILE -P seal_objects.cmake
#
# FILE is what ovext_seal() wrote. Of a variant, the code lies in the section ovext_text_<variant>, what runs at load and
# at exit in ovext_init_<variant> and ovext_fini_<variant>; every symbol is local, except the functions that the rest of
# the library calls. These are called f.<variant>, and the rest of the library finds under the name f a jump to the
# function of the variant that was chosen when the library loaded.
cmake_minimum_required(VERSION 3.26)
include("${OVEXT_SEAL}")

function(fail)
  list(JOIN ARGV "" text)
  message(FATAL_ERROR "ovext_add_extension(${name}): ${text}")
endfunction()

# run(<out> <command>...): what the command prints.
function(run out)
  execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE output ERROR_VARIABLE errors RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    list(GET ARGN 0 program)
    fail("${program} failed: ${output}${errors}")
  endif()
  set(${out} "${output}" PARENT_SCOPE)
endfunction()

# readable(<out> <symbol>...): C++ names, where c++filt is there.
function(readable out)
  execute_process(COMMAND c++filt ${ARGN} OUTPUT_VARIABLE names RESULT_VARIABLE result ERROR_QUIET)
  if(NOT result EQUAL 0)
    list(JOIN ARGN "\n" names)
  endif()
  string(STRIP "${names}" names)
  string(REPLACE "\n" ", " names "${names}")
  set(${out} "${names}" PARENT_SCOPE)
endfunction()

# link_variant(<variant>): its objects as one, in <variant>.r.o.
function(link_variant variant)
  file(
    WRITE "${dir}/${variant}.ld"
    "SECTIONS {
  ovext_text_${variant} : { *(.text .text.*) }
  ovext_init_${variant} : { KEEP(*(SORT_BY_INIT_PRIORITY(.init_array.*))) KEEP(*(.init_array)) }
  ovext_fini_${variant} : { KEEP(*(SORT_BY_INIT_PRIORITY(.fini_array.*))) KEEP(*(.fini_array)) }
}
"
  )
  list(TRANSFORM objects_${variant} REPLACE "(.+)" "\"\\1\"" OUTPUT_VARIABLE objects)
  list(JOIN objects "\n" objects)
  file(WRITE "${dir}/${variant}.objects" "${objects}\n")
  # COMDAT groups are resolved here: what would merge with copies elsewhere becomes this variant's own.
  run(
    ignored
    "${ld}"
    -r
    --force-group-allocation
    -T
    "${dir}/${variant}.ld"
    -o
    "${dir}/${variant}.r.o"
    "@${dir}/${variant}.objects"
  )
endfunction()

# called_functions(<out>): the functions that the rest of the library calls and the variants define, sorted.
function(called_functions out)
  foreach(variant IN LISTS variants)
    run(
      symbols
      "${nm}"
      --extern-only
      --defined-only
      -P
      "${dir}/${variant}.r.o"
    )
    string(REGEX MATCHALL "[^\n]+" symbols "${symbols}")
    foreach(line IN LISTS symbols)
      if(line MATCHES "^([^ ]+) (.)")
        set(kind.${variant}.${CMAKE_MATCH_1} ${CMAKE_MATCH_2})
      endif()
    endforeach()
    # An extension's own entry point, which the library's calls.
    set(kind.${variant}.ovext_create_extensions "${kind.${variant}.create_extensions}")
  endforeach()

  list(GET variants 0 narrowest)
  set(undefined "")
  foreach(object IN LISTS callers)
    run(
      symbols
      "${nm}"
      --extern-only
      --defined-only
      -P
      "${object}"
    )
    if("\n${symbols}" MATCHES "\ncreate_extensions " AND NOT object MATCHES "/entry\\.cpp\\.o$")
      fail(
        "${object} has an entry point, create_extensions (OPENVINO_CREATE_EXTENSIONS), and the library has one already.\n"
        "Name its source file among SOURCES, or leave it out and let extensions() of an op give what it gives."
      )
    endif()
    run(symbols "${nm}" --undefined-only -P "${object}")
    string(APPEND undefined "${symbols}")
  endforeach()
  string(REGEX MATCHALL "[^\n]+" undefined "${undefined}")
  list(TRANSFORM undefined REPLACE " .*" "")
  list(REMOVE_DUPLICATES undefined)
  list(SORT undefined)

  if("ovext_create_extensions" IN_LIST undefined AND "${kind.${narrowest}.ovext_create_extensions}" STREQUAL "")
    fail("none of its SOURCES has an entry point, create_extensions: OPENVINO_CREATE_EXTENSIONS(...) writes it.")
  endif()

  set(functions "")
  foreach(symbol IN LISTS undefined)
    set(lacking "")
    set(kinds "")
    foreach(variant IN LISTS variants)
      set(kind "${kind.${variant}.${symbol}}")
      string(APPEND kinds "${kind}")
      if(kind STREQUAL "")
        list(APPEND lacking ${variant})
      endif()
    endforeach()
    if(kinds STREQUAL "")
      continue()
    endif()
    if(lacking)
      readable(readable_name ${symbol})
      fail("${readable_name} is not defined for ${lacking}: define it for every instruction set.")
    endif()
    if(NOT kinds MATCHES "^[TWi]+$")
      readable(readable_name ${symbol})
      fail(
        "code outside the variants uses the variable ${readable_name}. Each variant has its own: let a function give it."
      )
    endif()
    list(APPEND functions ${symbol})
  endforeach()
  set(${out} "${functions}" PARENT_SCOPE)
endfunction()

# seal(<variant> <function>...): <variant>.r.o without shared symbols, in <variant>.o.
function(seal variant)
  set(renamed "")
  set(kept "none.${variant}\n") # of an empty list, objcopy would keep all
  foreach(function IN LISTS ARGN)
    string(REGEX REPLACE "^ovext_create_extensions$" "create_extensions" name_in_variant "${function}")
    string(APPEND renamed "${name_in_variant} ${function}.${variant}\n")
    string(APPEND kept "${function}.${variant}\n")
  endforeach()
  file(WRITE "${dir}/${variant}.renamed" "${renamed}")
  file(WRITE "${dir}/${variant}.kept" "${kept}")
  run(ignored "${objcopy}" "--redefine-syms=${dir}/${variant}.renamed" "${dir}/${variant}.r.o")
  run(ignored "${objcopy}" "--keep-global-symbols=${dir}/${variant}.kept" "${dir}/${variant}.r.o" "${dir}/${variant}.o")
endfunction()

# write_calls(<function>...): calls.o, with a jump for each function, and what dispatch.cpp must know of each variant.
function(write_calls)
  set(jumps "")
  set(position 0)
  foreach(function IN LISTS ARGN)
    # r11 is free at the start of a function.
    string(
      APPEND jumps
      "
    .globl ${function}
    .hidden ${function}
    .type ${function}, @function
    .p2align 4
${function}:
    .cfi_startproc
    endbr64
    movq ovext_chosen_functions(%rip), %r11
    jmp *${position}(%r11)
    .cfi_endproc
    .size ${function}, . - ${function}
"
    )
    math(EXPR position "${position} + 8")
  endforeach()

  set(tables "")
  set(variants_table "")
  foreach(variant IN LISTS variants)
    string(APPEND tables "functions_${variant}:\n")
    foreach(function IN LISTS ARGN)
      string(APPEND tables "    .quad ${function}.${variant}\n")
    endforeach()
    string(APPEND variants_table "    .quad functions_${variant}\n")
    foreach(array IN ITEMS init fini)
      foreach(edge IN ITEMS start stop)
        set(symbol "__${edge}_ovext_${array}_${variant}")
        string(APPEND tables "    .weak ${symbol}\n    .hidden ${symbol}\n")
        string(APPEND variants_table "    .quad ${symbol}\n")
      endforeach()
    endforeach()
  endforeach()
  file(
    WRITE "${dir}/calls.s"
    "    .section .note.GNU-stack, \"\", @progbits
    .text
${jumps}
    .section .data.rel.ro, \"aw\"
    .p2align 3
${tables}
    .globl ovext_sealed_variants
    .hidden ovext_sealed_variants
ovext_sealed_variants:
${variants_table}"
  )
  run(
    ignored
    "${compiler}"
    -c
    "${dir}/calls.s"
    -o
    "${dir}/calls.o"
  )
endfunction()

file(MAKE_DIRECTORY "${dir}")
foreach(variant IN LISTS variants)
  link_variant(${variant})
endforeach()
called_functions(functions)
foreach(variant IN LISTS variants)
  seal(${variant} ${functions})
endforeach()
write_calls(${functions})
