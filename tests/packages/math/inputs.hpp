// The inputs that the functions are tried with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

/// Zeros, denormal limits, infinities, NaNs, powers of two and thresholds of the functions, each with its neighbours.
std::vector<float> edges();

/// All pairs of values at which pow has special cases or switches to another method.
std::vector<std::pair<float, float>> pow_edges();

/// The `number`th block of pairs for pow, the same in each run: any bits, results over the whole range, bases near 1,
/// small whole powers, usual values.
void pow_block(std::uint64_t number, std::vector<float>& x, std::vector<float>& y);
