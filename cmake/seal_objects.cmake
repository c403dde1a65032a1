# Run before a library is linked: makes one sealed object from each variant's objects, and writes the calls into it.
#
#   cmake -DOVEXT_SEAL=FILE -P seal_objects.cmake
#
# ovext_seal() wrote FILE. A variant's code is in the section ovext_text_<variant>; what runs at load and at exit is in
# ovext_init_<variant> and ovext_fini_<variant>. Every symbol is local, except the functions that the rest of the
# library calls. These are named f.<variant>. Under the name f the rest of the library finds a jump to the function of
# the variant that was chosen when the library loaded.
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

# readable(<out> <symbol>...): C++ names, if c++filt is installed.
function(readable out)
  execute_process(COMMAND c++filt ${ARGN} OUTPUT_VARIABLE names RESULT_VARIABLE result ERROR_QUIET)
  if(NOT result EQUAL 0)
    list(JOIN ARGN "\n" names)
  endif()
  string(STRIP "${names}" names)
  string(REPLACE "\n" ", " names "${names}")
  set(${out} "${names}" PARENT_SCOPE)
endfunction()

# write_list(<file> <item>...): write a list that binutils read with @<file>.
function(write_list file)
  list(TRANSFORM ARGN REPLACE "(.+)" "\"\\1\"" OUTPUT_VARIABLE quoted)
  list(JOIN quoted "\n" lines)
  file(WRITE "${file}" "${lines}\n")
endfunction()

# link_variant(<variant>): combine its objects into one, <variant>.r.o.
function(link_variant variant)
  file(
    WRITE "${dir}/${variant}.ld"
    "SECTIONS {
  ovext_text_${variant} : { *(.text .text.*) }
"
  )
  # The word at the end keeps the section, even if it would be empty.
  foreach(array IN ITEMS init fini)
    file(
      APPEND "${dir}/${variant}.ld"
      "  ovext_${array}_${variant} : {
    ovext_${array}_${variant}_begin = .;
    KEEP(*(SORT_BY_INIT_PRIORITY(.${array}_array.*))) KEEP(*(.${array}_array))
    ovext_${array}_${variant}_end = .;
    QUAD(0)
  }
"
    )
  endforeach()
  file(APPEND "${dir}/${variant}.ld" "}\n")
  write_list("${dir}/${variant}.objects" ${objects_${variant}})
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

# symbols(<out> <object>...): a line "<object>: <name> <kind> ..." for each global symbol, defined or not.
function(symbols out)
  write_list("${dir}/nm.objects" ${ARGN})
  run(
    text
    "${nm}"
    --print-file-name
    --extern-only
    --portability
    "@${dir}/nm.objects"
  )
  string(REGEX MATCHALL "[^\n]+" lines "${text}")
  set(${out} "${lines}" PARENT_SCOPE)
endfunction()

# read_variants(): for each symbol that a variant defines, set kind.<variant>.<symbol> to nm's letter; set
# arrays_<variant> to the sections that the variant walks from __start_<section> to __stop_<section>.
macro(read_variants)
  foreach(variant IN LISTS variants)
    symbols(lines "${dir}/${variant}.r.o")
    foreach(line IN LISTS lines)
      if(line MATCHES "^.*: ([^ ]+) ([A-TV-Z]|i)( |$)")
        set(kind.${variant}.${CMAKE_MATCH_1} ${CMAKE_MATCH_2})
      elseif(line MATCHES "^.*: __start_([^ ]+) ")
        list(APPEND arrays_${variant} ${CMAKE_MATCH_1})
      endif()
    endforeach()
    # An extension's own entry point, which the library's entry point calls.
    set(kind.${variant}.ovext_create_extensions "${kind.${variant}.create_extensions}")
  endforeach()
endmacro()

# called_symbols(<out>): the symbols that the rest of the library requires and does not define, sorted. It must not
# have a second entry point.
function(called_symbols out)
  # The runtime works before a variant is chosen: what it calls, such as operator new, is never a variant's.
  list(FILTER callers EXCLUDE REGEX "runtime/(cpu|variant|dispatch|floor)\\.cpp\\.o$")
  symbols(lines ${callers})
  set(called "")
  set(defined "")
  foreach(line IN LISTS lines)
    if(line MATCHES "^.*: ([^ ]+) [Uwv]")
      list(APPEND called ${CMAKE_MATCH_1})
      continue()
    endif()
    if(line MATCHES "^.*: ([^ ]+) ")
      list(APPEND defined ${CMAKE_MATCH_1})
    endif()
    if(NOT line MATCHES "/entry\\.cpp\\.o: " AND line MATCHES "^(.*): create_extensions ")
      fail(
        "${CMAKE_MATCH_1} has an entry point, create_extensions (OPENVINO_CREATE_EXTENSIONS), and the library has one "
        "already.\nName its source file among SOURCES, or leave it out and let extensions() of an op give what it gives."
      )
    endif()
  endforeach()
  list(REMOVE_DUPLICATES called)
  list(REMOVE_ITEM called ${defined})
  list(SORT called)
  set(${out} "${called}" PARENT_SCOPE)
endfunction()

# called_functions(<out>): the called symbols that the variants define. Also sets arrays_<variant>.
function(called_functions out)
  read_variants()
  called_symbols(called)
  set(functions "")
  foreach(symbol IN LISTS called)
    set(kinds "")
    set(lacking "")
    foreach(variant IN LISTS variants)
      string(APPEND kinds "${kind.${variant}.${symbol}}")
      if("${kind.${variant}.${symbol}}" STREQUAL "")
        list(APPEND lacking ${variant})
      endif()
    endforeach()
    if(kinds)
      check_called(${symbol} "${kinds}" "${lacking}")
      list(APPEND functions ${symbol})
    elseif(symbol STREQUAL "ovext_create_extensions")
      fail("none of its SOURCES has an entry point, create_extensions: OPENVINO_CREATE_EXTENSIONS(...) writes it.")
    endif()
  endforeach()
  set(${out} "${functions}" PARENT_SCOPE)
  foreach(variant IN LISTS variants)
    set(arrays_${variant} "${arrays_${variant}}" PARENT_SCOPE)
  endforeach()
endfunction()

# check_called(<symbol> <kinds> <lacking>): check that it is a function, and that no variant lacks it.
function(check_called symbol kinds lacking)
  if(lacking)
    readable(name_for_people ${symbol})
    fail("${name_for_people} is not defined for ${lacking}: define it for every instruction set.")
  endif()
  if(kinds MATCHES "i")
    readable(name_for_people ${symbol})
    fail("${name_for_people} is chosen by an ifunc (as target_clones makes), before the variant is: write it without.")
  endif()
  if(NOT kinds MATCHES "^[TW]+$")
    readable(name_for_people ${symbol})
    fail(
      "code outside the variants uses the variable ${name_for_people}. Each variant has its own: let a function give it."
    )
  endif()
endfunction()

# seal(<variant> <function>...): write <variant>.r.o, without shared symbols, to <variant>.o.
function(seal variant)
  set(renamed "")
  set(kept "")
  set(sections "")
  foreach(array IN ITEMS init fini)
    string(APPEND kept "ovext_${array}_${variant}_begin\novext_${array}_${variant}_end\n")
    # Not with the type of .init_array, because a linker might handle it as one.
    list(APPEND sections "--set-section-flags=ovext_${array}_${variant}=alloc,data,contents")
  endforeach()
  list(REMOVE_DUPLICATES arrays_${variant})
  foreach(section IN LISTS arrays_${variant})
    list(APPEND sections "--rename-section=${section}=${section}_${variant}")
    foreach(edge IN ITEMS start stop)
      string(APPEND renamed "__${edge}_${section} __${edge}_${section}_${variant}\n")
    endforeach()
  endforeach()
  foreach(function IN LISTS ARGN)
    string(REGEX REPLACE "^ovext_create_extensions$" "create_extensions" name_in_variant "${function}")
    string(APPEND renamed "${name_in_variant} ${function}.${variant}\n")
    string(APPEND kept "${function}.${variant}\n")
  endforeach()
  file(WRITE "${dir}/${variant}.renamed" "${renamed}")
  file(WRITE "${dir}/${variant}.kept" "${kept}")
  run(
    ignored
    "${objcopy}"
    "--redefine-syms=${dir}/${variant}.renamed"
    "--keep-global-symbols=${dir}/${variant}.kept"
    ${sections}
    "${dir}/${variant}.r.o"
    "${dir}/${variant}.o"
  )
endfunction()

# write_calls(<function>...): write calls.o, with a jump for each function, and what dispatch.cpp needs of each variant.
function(write_calls)
  set(jumps "")
  set(refusals "")
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
    string(APPEND refusals "    .quad ovext_refuse_call\n")
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
      foreach(edge IN ITEMS begin end)
        set(symbol "ovext_${array}_${variant}_${edge}")
        string(APPEND tables "    .hidden ${symbol}\n")
        string(APPEND variants_table "    .quad ${symbol}\n")
      endforeach()
    endforeach()
  endforeach()
  file(
    WRITE "${dir}/calls.s"
    "    .section .note.GNU-stack, \"\", @progbits

    # The jumps are fit for indirect branch tracking and shadow stacks.
    .section .note.gnu.property, \"a\"
    .p2align 3
    .long 4, 16, 5
    .asciz \"GNU\"
    .long 0xc0000002, 4, 3, 0

    .text
${jumps}
    .data
    .p2align 3
    .globl ovext_chosen_functions
    .hidden ovext_chosen_functions
ovext_chosen_functions:
    .quad functions_of_none

    .section .data.rel.ro, \"aw\"
    .p2align 3
functions_of_none:
${refusals}${tables}
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
