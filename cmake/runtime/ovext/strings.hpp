// Tensors of strings for kernels.
#pragma once

#include <string>

namespace ovext {

/// An element is a std::string in UTF-8, which the kernel reads in place and assigns to.
struct string {
    using Memory = std::string;
    using Value = std::string;
    static constexpr bool is_converted = false;
    static std::string load(const std::string& memory) {
        return memory;
    }
    static std::string store(std::string value) {
        return value;
    }
};

}  // namespace ovext
