// accuracy [--step N] [--jobs N] [--bits]: compares the functions of ovext/math.hpp with references in double, for
// every Nth of all 2^32 floats (default: 251) and all edges.
//
// Prints a line for each function: the largest error in units in the last place and where it is, and a hash of all
// results, which must be the same for other instruction sets. With --bits, it only computes the hash. The exit code is
// 1 if a function has a larger error than functions.inc allows, has a wrong special value, or returns other bits for
// one value than in a loop.
#include <ovext/bits.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "functions.hpp"
#include "inputs.hpp"

namespace {

constexpr std::size_t block = 4096;
constexpr double pow_limit = 4.0;
constexpr double rounds_to_infinity = 0x1.ffffffp127;  // halfway between the largest float and 2^128
constexpr float periodic_limit = 131072.0f;            // sin and cos are as exact up to this

struct Settings {
    std::uint64_t step = 251;
    unsigned jobs = 1;
    bool only_bits = false;
};

struct Result {
    double worst = 0.0;
    float x = 0.0f;
    float y = 0.0f;
    std::uint64_t wrong = 0;
    std::uint64_t hash = 0;

    void add(const Result& other) {
        if (other.worst > worst) {
            worst = other.worst;
            x = other.x;
            y = other.y;
        }
        if (wrong == 0 && other.wrong != 0) {
            x = other.x;
            y = other.y;
        }
        wrong += other.wrong;
        hash += other.hash;
    }
    void is_wrong(float at, float at_y = 0.0f) {
        if (wrong++ == 0) {
            x = at;
            y = at_y;
        }
    }
};

/// The truth where the fast reference is not valid.
double exact(Function f, double x) {
    using std::cos, std::erf, std::exp, std::exp2, std::expm1, std::log, std::log1p, std::log2, std::sin, std::sqrt;
    using std::tanh;
    const auto sigmoid = [](double v) {
        return v < 0.0 ? std::exp(v) / (1.0 + std::exp(v)) : 1.0 / (1.0 + std::exp(-v));
    };
    const auto gelu = [](double v) {
        return v < -1e9 ? -0.0 : 0.5 * v * std::erfc(v * -0.70710678118654752440);
    };
    const auto rsqrt = [](double v) {
        return 1.0 / std::sqrt(v);
    };
    const auto softplus = [](double v) {
        return (v > 0.0 ? v : 0.0) + std::log1p(std::exp(v > 0.0 ? -v : v));
    };
    switch (f) {
#define FUNCTION(name, limit) \
    case Function::name:      \
        return name(x);
#include "functions.inc"
#undef FUNCTION
        default:
            return 0.0;
    }
}

/// The error in ULP of the truth.
double error_of(float got, double truth) {
    int exponent = 0;
    std::frexp(truth, &exponent);
    return std::fabs(static_cast<double>(got) - truth) / std::ldexp(1.0, std::max(exponent - 1, -126) - 23);
}

/// Whether a result is right if one of the two is zero or not finite; sets `error` if both are numbers.
bool is_right(float got, double truth, double& error) {
    error = 0.0;
    if (std::isnan(truth) || std::isnan(got)) {
        return std::isnan(truth) && std::isnan(got);
    }
    if (std::fabs(truth) >= rounds_to_infinity || std::isinf(got)) {
        return std::fabs(truth) >= rounds_to_infinity && std::isinf(got) && std::signbit(got) == std::signbit(truth);
    }
    if ((truth == 0.0 || got == 0.0f) && std::signbit(got) != std::signbit(truth)) {
        return false;
    }
    if (truth == 0.0) {
        return got == 0.0f;
    }
    error = error_of(got, truth);
    return true;
}

bool is_plain(float x, float got, double truth) {
    return std::isfinite(x) && std::isfinite(got) && got != 0.0f && truth != 0.0 &&
           std::fabs(truth) < rounds_to_infinity;
}

/// The same inputs and results have the same sum of these hashes in any order. All NaNs count as one result.
std::uint64_t hash_of(float x, float y, float got) {
    const std::uint32_t bits = std::isnan(got) ? 0x7fc00000u : ovext::bits_of(got);
    const std::uint64_t key = ovext::bits_of(x) * 0x9e3779b97f4a7c15ull + ovext::bits_of(y) * 0xc2b2ae3d27d4eb4full;
    const std::uint64_t mixed = (key ^ bits) * 0xd6e8feb86659fd93ull;
    return mixed ^ (mixed >> 32);
}

bool is_same(float a, float b) {
    return ovext::bits_of(a) == ovext::bits_of(b) || (std::isnan(a) && std::isnan(b));
}

class Trial {
public:
    explicit Trial(const Settings& settings)
        : m_settings(settings) {
    }

    void one_argument(Function f, std::size_t count, std::uint64_t number) {
        compute(f, x.data(), m_got.data(), count);
        if (!m_settings.only_bits) {
            reference(f, x.data(), m_truth.data(), count);
            const bool is_periodic = f == Function::sin || f == Function::cos;
            for (std::size_t i = 0; i < count; ++i) {
                if (is_periodic && std::isfinite(x[i]) && std::fabs(x[i]) > periodic_limit) {
                    if (!(std::fabs(m_got[i]) <= 1.0f)) {
                        result.is_wrong(x[i]);
                    }
                } else if (is_plain(x[i], m_got[i], m_truth[i])) {
                    note(error_of(m_got[i], m_truth[i]), i);
                } else {
                    special(exact(f, x[i]), i);
                }
            }
            for (std::size_t i = number % 64; i < count; i += 64) {
                if (!is_same(compute_one(f, x[i]), m_got[i])) {
                    result.is_wrong(x[i]);
                }
            }
        }
        add_hash(count);
    }

    void powers(std::size_t count, std::uint64_t number) {
        compute_pow(x.data(), y.data(), m_got.data(), count);
        if (!m_settings.only_bits) {
            for (std::size_t i = 0; i < count; ++i) {
                special(std::pow(static_cast<double>(x[i]), static_cast<double>(y[i])), i);
            }
            for (std::size_t i = number % 64; i < count; i += 64) {
                if (!is_same(compute_one_pow(x[i], y[i]), m_got[i])) {
                    result.is_wrong(x[i], y[i]);
                }
            }
        }
        add_hash(count);
    }

    std::vector<float> x = std::vector<float>(block);
    std::vector<float> y = std::vector<float>(block);
    Result result;

private:
    void note(double error, std::size_t i) {
        if (error > result.worst && result.wrong == 0) {
            result.x = x[i];
            result.y = y[i];
        }
        result.worst = std::max(result.worst, error);
    }
    void special(double truth, std::size_t i) {
        double error = 0.0;
        if (!is_right(m_got[i], truth, error)) {
            result.is_wrong(x[i], y[i]);
        }
        note(error, i);
    }
    void add_hash(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            result.hash += hash_of(x[i], y[i], m_got[i]);
        }
    }

    const Settings& m_settings;
    std::vector<float> m_got = std::vector<float>(block);
    std::vector<double> m_truth = std::vector<double>(block);
};

/// Runs body(trial, number) for each number below `blocks`, on as many threads as the settings say.
Result in_blocks(const Settings& settings,
                 std::uint64_t blocks,
                 const std::function<void(Trial&, std::uint64_t)>& body) {
    Result total;
    std::mutex lock;
    std::vector<std::thread> threads;
    for (unsigned job = 0; job < settings.jobs; ++job) {
        threads.emplace_back([&, job] {
            Trial trial(settings);
            for (std::uint64_t number = job; number < blocks; number += settings.jobs) {
                body(trial, number);
            }
            const std::lock_guard<std::mutex> guard(lock);
            total.add(trial.result);
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    return total;
}

std::uint64_t blocks_for(std::uint64_t count) {
    return (count + block - 1) / block;
}

Result try_function(const Settings& settings, Function f) {
    const auto special = edges();
    Result total = in_blocks(settings, blocks_for(special.size()), [&](Trial& trial, std::uint64_t number) {
        const std::size_t begin = number * block;
        const std::size_t count = std::min(block, special.size() - begin);
        std::copy_n(special.begin() + static_cast<std::ptrdiff_t>(begin), count, trial.x.begin());
        trial.one_argument(f, count, number);
    });
    const std::uint64_t inputs = ((std::uint64_t{1} << 32) + settings.step - 1) / settings.step;
    total.add(in_blocks(settings, blocks_for(inputs), [&](Trial& trial, std::uint64_t number) {
        const std::size_t count = std::min<std::uint64_t>(block, inputs - number * block);
        for (std::size_t i = 0; i < count; ++i) {
            trial.x[i] = ovext::from_bits(static_cast<std::uint32_t>((number * block + i) * settings.step));
        }
        trial.one_argument(f, count, number);
    }));
    return total;
}

Result try_pow(const Settings& settings) {
    const auto special = pow_edges();
    Result total = in_blocks(settings, blocks_for(special.size()), [&](Trial& trial, std::uint64_t number) {
        const std::size_t begin = number * block;
        const std::size_t count = std::min(block, special.size() - begin);
        for (std::size_t i = 0; i < count; ++i) {
            trial.x[i] = special[begin + i].first;
            trial.y[i] = special[begin + i].second;
        }
        trial.powers(count, number);
    });
    const std::uint64_t pairs = (std::uint64_t{1} << 30) / settings.step;
    total.add(in_blocks(settings, blocks_for(pairs), [&](Trial& trial, std::uint64_t number) {
        pow_block(number, trial.x, trial.y);
        trial.powers(block, number);
    }));
    return total;
}

bool print(const char* name, double limit, const Result& result, const Settings& settings) {
    std::printf("%-9s", name);
    if (!settings.only_bits) {
        std::printf("error %.2f of %.1f ULP at %a", result.worst, limit, static_cast<double>(result.x));
        if (std::strcmp(name, "pow") == 0) {
            std::printf(", %a", static_cast<double>(result.y));
        }
        std::printf("; wrong values %llu; ", static_cast<unsigned long long>(result.wrong));
    }
    std::printf("bits %016llx\n", static_cast<unsigned long long>(result.hash));
    std::fflush(stdout);
    return result.worst <= limit && result.wrong == 0;
}

}  // namespace

int main(int argc, char** argv) {
    Settings settings;
    for (int i = 1; i < argc; ++i) {
        const std::string option = argv[i];
        if (option == "--bits") {
            settings.only_bits = true;
        } else if (option == "--step" && i + 1 < argc) {
            settings.step = std::strtoull(argv[++i], nullptr, 10);
        } else if (option == "--jobs" && i + 1 < argc) {
            settings.jobs = static_cast<unsigned>(std::strtoul(argv[++i], nullptr, 10));
        } else {
            std::fputs("usage: accuracy [--step N] [--jobs N] [--bits]\n", stderr);
            return 2;
        }
    }
    bool is_fine = true;
#define FUNCTION(name, limit) is_fine &= print(#name, limit, try_function(settings, Function::name), settings);
#include "functions.inc"
#undef FUNCTION
    is_fine &= print("pow", pow_limit, try_pow(settings), settings);
    return is_fine ? 0 : 1;
}
