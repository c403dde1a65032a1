# The OpenVINO that an extension is compiled and linked against.
include_guard(GLOBAL)

# ovext_find_openvino(): find_package(OpenVINO), and if that finds none, the package in the active Python environment.
macro(ovext_find_openvino)
  if(NOT TARGET openvino::runtime OR NOT TARGET openvino::threading)
    find_package(OpenVINO QUIET COMPONENTS Runtime Threading)
    if(NOT OpenVINO_FOUND)
      ovext_openvino_of_python(OpenVINO_DIR)
      find_package(OpenVINO REQUIRED COMPONENTS Runtime Threading)
    endif()
  endif()
endmacro()

# ovext_openvino_of_python(<out>): the CMake folder of the openvino wheel that `python3` would import, or empty.
function(ovext_openvino_of_python out)
  find_program(OVEXT_PYTHON NAMES python3 python DOC "Python whose openvino package is used when no other is found")
  mark_as_advanced(OVEXT_PYTHON)
  set(dir "")
  if(OVEXT_PYTHON)
    execute_process(
      COMMAND "${OVEXT_PYTHON}" -c "from openvino.utils import get_cmake_path; print(get_cmake_path())"
      OUTPUT_VARIABLE dir
      OUTPUT_STRIP_TRAILING_WHITESPACE
      ERROR_QUIET
    )
  endif()
  set(${out} "${dir}" PARENT_SCOPE)
endfunction()

# ovext_use_openvino(<target> <link>): always use headers and definitions. `needed` also records libopenvino as a
# dependency of the library; `host` leaves its symbols to the process that loads the library.
function(ovext_use_openvino target link)
  get_target_property(folders openvino::runtime INTERFACE_INCLUDE_DIRECTORIES)
  foreach(folder IN LISTS folders)
    ovext_map_folder(${target} "${folder}" openvino)
  endforeach()
  if(link STREQUAL "needed")
    target_link_libraries(${target} PRIVATE openvino::runtime openvino::threading)
    # Clang leaves the symbols of a sanitizer to the program.
    if(NOT CMAKE_CXX_FLAGS MATCHES "-fsanitize")
      target_link_options(${target} PRIVATE LINKER:--no-undefined)
    endif()
    return()
  endif()
  foreach(dependency IN ITEMS openvino::runtime openvino::threading)
    target_include_directories(${target} SYSTEM PRIVATE $<TARGET_PROPERTY:${dependency},INTERFACE_INCLUDE_DIRECTORIES>)
    target_compile_definitions(${target} PRIVATE $<TARGET_PROPERTY:${dependency},INTERFACE_COMPILE_DEFINITIONS>)
    target_compile_options(${target} PRIVATE $<TARGET_PROPERTY:${dependency},INTERFACE_COMPILE_OPTIONS>)
  endforeach()
endfunction()
