#include "ops/standard/kernel.hpp"

#include <algorithm>
#include <concepts>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <numeric>
#include <string>

#include <shared/scaled.hpp>
#include <three.hpp>

namespace standard {
namespace {

int times = 0;

/// Constructed at load time and destroyed at exit. Prints both if the environment variable TELL is set.
struct Told {
    Told() {
        ++times;
        tell("made");
    }
    ~Told() {
        tell("gone");
    }
    static void tell(const char* what) {
        if (std::getenv("TELL") != nullptr) {
#if defined(__AVX512F__)
            const char* variant = "avx512f";
#elif defined(__AVX2__)
            const char* variant = "avx2";
#else
            const char* variant = "sse42";
#endif
            std::printf("%s %s\n", variant, what);
            std::fflush(stdout);
        }
    }
} told;

[[gnu::constructor]] void before_main() {
    ++times;
}

[[gnu::destructor]] void at_exit() {
    Told::tell("destructor");
}

/// A table that is computed when the variant is initialised.
const std::map<std::string, float> offsets = {{"three", three()}, {"four", three() + 1.0f}};

template <std::floating_point T>
struct Step {
    virtual ~Step() = default;
    virtual T operator()(T value) const = 0;
};

template <std::floating_point T>
struct Scale : Step<T> {
    T operator()(T value) const override {
        return scaled(value);
    }
};

template <std::floating_point T>
struct Shift : Step<T> {
    T operator()(T value) const override {
        return value + static_cast<T>(offsets.at("three"));
    }
};

thread_local std::vector<double> scratch;

[[gnu::section("any_cpp_registry"), gnu::used]] const int entry = 1;

}  // namespace

extern "C" const int __start_any_cpp_registry[];
extern "C" const int __stop_any_cpp_registry[];

std::ptrdiff_t registered() {
    return __stop_any_cpp_registry - __start_any_cpp_registry;
}

template <typename T>
std::vector<T> sorted_and_scaled(const T* data, std::size_t count) {
    if (count > 100) {
        throw TooMany(count);
    }
    try {
        offsets.at("five");
    } catch (const std::out_of_range&) {
        scratch.assign(data, data + count);  // thrown and caught within the kernel
    }
    std::sort(scratch.begin(), scratch.end());
    const std::unique_ptr<Step<T>> steps[] = {std::make_unique<Scale<T>>(), std::make_unique<Shift<T>>()};
    std::vector<T> result(scratch.begin(), scratch.end());
    for (const auto& step : steps) {
        std::transform(result.begin(), result.end(), result.begin(), [&step](T value) {
            return (*step)(value);
        });
    }
    return result;
}

template std::vector<float> sorted_and_scaled<float>(const float*, std::size_t);

int initialised() {
    return times;
}

}  // namespace standard
