// The cost of a call through the dispatch, compared with a call through a plain function pointer: nanoseconds per call,
// the median of rounds that alternate between the two. docs/performance.md has figures.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "ops/nothing/kernel.hpp"

namespace {

constexpr long calls = 20'000'000;
constexpr int rounds = 15;

template <typename Call>
double nanoseconds_per_call(Call call) {
    const auto start = std::chrono::steady_clock::now();
    for (long i = 0; i < calls; ++i) {
        call();
        __asm__ volatile("" ::: "memory");  // the pointer is read again for each call, as between two inferences
    }
    const std::chrono::duration<double, std::nano> elapsed = std::chrono::steady_clock::now() - start;
    return elapsed.count() / calls;
}

double median(std::vector<double> values) {
    std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
    return values[values.size() / 2];
}

}  // namespace

[[gnu::noinline]] void count(long* counter) {
    ++*counter;
}

void (*plain_pointer)(long*) = count;

int main() {
    long counter = 0;
    std::vector<double> plain;
    std::vector<double> dispatched;
    for (int round = 0; round < rounds; ++round) {
        plain.push_back(nanoseconds_per_call([&] {
            plain_pointer(&counter);
        }));
        dispatched.push_back(nanoseconds_per_call([&] {
            nothing::run(&counter);
        }));
    }
    std::printf("pointer %.2f ns, dispatch %.2f ns, ratio %.2f\n",
                median(plain),
                median(dispatched),
                median(dispatched) / median(plain));
    return counter == 2 * rounds * calls ? 0 : 1;
}
