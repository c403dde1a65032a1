# The library as a part of a Python wheel, if scikit-build-core builds the project. `ovext` is then installed in the
# build environment, and reports what pyproject.toml says.
include_guard(GLOBAL)

# ovext_configure_wheel(): what pyproject.toml says of fp-contract; and of the instruction sets, and the OpenVINO of the
# wheel, unless the caller named them.
macro(ovext_configure_wheel)
  execute_process(
    COMMAND "${Python_EXECUTABLE}" -m ovext package-step configure "${CMAKE_CURRENT_SOURCE_DIR}"
    OUTPUT_VARIABLE ovext_wheel
    COMMAND_ERROR_IS_FATAL ANY
  )
  if(NOT OVEXT_ISA)
    string(JSON OVEXT_ISA GET "${ovext_wheel}" isa)
  endif()
  string(JSON OVEXT_FP_CONTRACT GET "${ovext_wheel}" fp_contract)
  if(NOT OpenVINO_DIR)
    string(JSON OpenVINO_DIR GET "${ovext_wheel}" openvino_dir)
  endif()
endmacro()

# ovext_install_in_wheel(<target>): the library, what Python needs to load it, its layers, manifest and bill of materials.
function(ovext_install_in_wheel target)
  set_target_properties(
    ${target}
    PROPERTIES
      SKIP_BUILD_RPATH OFF
      BUILD_WITH_INSTALL_RPATH ON
      # From this package's folder to that of the package `openvino`: the library loads before `import openvino`.
      INSTALL_RPATH "$ORIGIN/../openvino/libs"
  )
  target_link_options(${target} PRIVATE LINKER:--enable-new-dtags)
  install(TARGETS ${target} LIBRARY DESTINATION .)
  install(FILES "${OVEXT_CMAKE_DIR}/runtime/python/extension.py" RENAME _extension.py DESTINATION .)
  if(NOT IS_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}/python")
    install(FILES "${OVEXT_CMAKE_DIR}/runtime/python/package.py" RENAME __init__.py DESTINATION .)
  endif()
  install(
    CODE
      "execute_process(
  COMMAND \"${Python_EXECUTABLE}\" -m ovext package-step fill \"${CMAKE_BINARY_DIR}\" --project \"${CMAKE_CURRENT_SOURCE_DIR}\" --library ${target}
    --into \"\${CMAKE_INSTALL_PREFIX}\" --metadata \"${SKBUILD_METADATA_DIR}\" --engine wheel
  COMMAND_ERROR_IS_FATAL ANY
)"
  )
endfunction()
