// Loops over the functions of ovext/math.hpp, compiled for each instruction set, and references in double.
#pragma once

#include <cstddef>

/// The functions of one argument, in the order of functions.inc; pow comes after them.
enum class Function {
#define FUNCTION(name, limit) name,
#include "functions.inc"
#undef FUNCTION
    pow
};

/// output[i] = f(x[i]), with the vectors of the variant.
void compute(Function f, const float* x, float* output, std::size_t count);
void compute_pow(const float* x, const float* y, float* output, std::size_t count);

/// The same for one value at a time.
float compute_one(Function f, float x);
float compute_one_pow(float x, float y);

/// Correct to a few ULP of a double if input and result are finite.
void reference(Function f, const float* x, double* output, std::size_t count);
