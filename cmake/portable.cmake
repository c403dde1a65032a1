# A library built on a new distribution that loads on an old one.
include_guard(GLOBAL)

option(OVEXT_PORTABLE "Give the library what new headers would ask of a new libstdc++ or glibc" ON)

# ovext_make_portable(<target>): never -static-libstdc++, which would bring a second set of streams and locales.
function(ovext_make_portable target)
  if(OVEXT_PORTABLE)
    target_sources(${target} PRIVATE "${OVEXT_CMAKE_DIR}/runtime/floor.cpp")
  endif()
endfunction()
