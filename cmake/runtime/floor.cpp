// Headers of a new libstdc++ or glibc need symbols that only the new shared libraries have. The extension library
// defines these symbols itself, so that it also loads where the shared libraries are older. The linker's version script
// keeps them all private. Attributes would not, because g++ ignores a visibility that contradicts the header's.
//
// Each definition does what the newer library's does, and uses only what the oldest supported systems have.
#include <cstddef>
#include <ios>
#include <new>
#include <sstream>

// NOLINTBEGIN(bugprone-reserved-identifier,bugprone-std-namespace-modification): that is what it is for
#ifdef __GLIBCXX__

// GLIBC_2.32. Headers read it to skip atomic operations while there is one thread: "no" is always right.
extern "C" char __libc_single_threaded;
char __libc_single_threaded = 0;

// GLIBC_2.38. The C23 forms, which differ only in accepting 0b prefixes.
extern "C" {
long floor_strtol(const char*, char**, int) __asm__("strtol");
unsigned long floor_strtoul(const char*, char**, int) __asm__("strtoul");
long long floor_strtoll(const char*, char**, int) __asm__("strtoll");
unsigned long long floor_strtoull(const char*, char**, int) __asm__("strtoull");

long __isoc23_strtol(const char* text, char** end, int base) {
    return floor_strtol(text, end, base);
}
unsigned long __isoc23_strtoul(const char* text, char** end, int base) {
    return floor_strtoul(text, end, base);
}
long long __isoc23_strtoll(const char* text, char** end, int base) {
    return floor_strtoll(text, end, base);
}
unsigned long long __isoc23_strtoull(const char* text, char** end, int base) {
    return floor_strtoull(text, end, base);
}
}

namespace std {

// GLIBCXX_3.4.29.
void __throw_bad_array_new_length();
void __throw_bad_array_new_length() {
    throw bad_array_new_length();
}

#    if __GNUC__ >= 13 && !defined(__clang__)
// GLIBCXX_3.4.32, for <iostream>: newer libraries set up cin and cout themselves, older ones need the object below.
void ios_base_library_init() {
}
static ios_base::Init set_up_streams;
#    endif

#    if __GNUC__ >= 13 && !defined(__clang__) && _GLIBCXX_USE_CXX11_ABI
// GLIBCXX_3.4.31, for std::string::replace(). The string of the old C++ ABI does not have it.
template void basic_string<char>::_M_replace_cold(char*, size_type, const char*, size_type, size_type);
#    endif

#    if __cplusplus >= 202002L
// GLIBCXX_3.4.29. C++20 has it in addition to the overload without a qualifier.
template basic_string<char> basic_stringbuf<char>::str() const&;
#    endif

// GLIBCXX_3.4.26: the default constructors of string streams, which the header declares but leaves to the library.
template basic_stringstream<char>::basic_stringstream();
template basic_ostringstream<char>::basic_ostringstream();
template basic_istringstream<char>::basic_istringstream();

}  // namespace std

#endif
// NOLINTEND(bugprone-reserved-identifier,bugprone-std-namespace-modification)
