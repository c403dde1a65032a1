// The builds inside a library for several releases. The build generates the table and the name.
#pragma once

#include <cstddef>

namespace ovext {

struct Payload {
    const char* release;  ///< such as 2026.4.1
    const char* soname;   ///< of that release's libopenvino
    bool new_abi;         ///< of C++: the value of _GLIBCXX_USE_CXX11_ABI
    const unsigned char* begin;
    const unsigned char* end;
    const char* file;  ///< beside the library; nullptr if the build is inside, from begin to end
};

extern const Payload payloads[];
extern const std::size_t payload_count;
extern const char* const library_name;  ///< and its version, for messages
extern const char* const file_name;     ///< of the library, without the suffix

}  // namespace ovext
