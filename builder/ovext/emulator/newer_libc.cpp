// Functions of the C library 2.38 that bochscpu's wheel needs, for older ones: it does not say in its metadata that it
// needs them. They differ from the older functions only in numbers that begin with 0b. No header is included, because
// a new one would turn the older functions into these.
#include <cstdarg>

extern "C" {

unsigned long long older_strtoull(const char*, char**, int) __asm__("strtoull");
int older_vsscanf(const char*, const char*, va_list) __asm__("vsscanf");

// NOLINTBEGIN(bugprone-reserved-identifier): that is what it is for
unsigned long long __isoc23_strtoull(const char* text, char** end, int base) {
    return older_strtoull(text, end, base);
}

int __isoc23_sscanf(const char* text, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int count = older_vsscanf(text, format, arguments);
    va_end(arguments);
    return count;
}
// NOLINTEND(bugprone-reserved-identifier)

}  // extern "C"
