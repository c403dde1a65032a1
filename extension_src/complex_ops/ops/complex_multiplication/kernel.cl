// ComplexMultiplication for GPUs: one work item for each part of each number, for tensors of three or four dimensions.
// The parts are in the last dimension: X if there are four, Y if there are three; the plugin then adds an X of 1.

#define PARTS_IN_X (OUTPUT0_DIMS[3] == 2)

__kernel void complex_multiplication(const __global INPUT0_TYPE* data,
                                     const __global INPUT1_TYPE* other,
                                     __global OUTPUT0_TYPE* output) {
    const size_t b = get_global_id(0);
    const size_t f = get_global_id(1);
    const size_t part = get_global_id(2) % 2;
    const size_t y = PARTS_IN_X ? get_global_id(2) / 2 : 0;
    // A second factor with one channel applies to all channels.
    const size_t other_f = f % INPUT1_DIMS[1];

    const size_t step0 = INPUT0_PITCHES[PARTS_IN_X ? 3 : 2];
    const size_t step1 = INPUT1_PITCHES[PARTS_IN_X ? 3 : 2];
    const size_t step = OUTPUT0_PITCHES[PARTS_IN_X ? 3 : 2];
    const size_t at0 = INPUT0_OFFSET + b * INPUT0_PITCHES[0] + f * INPUT0_PITCHES[1] + y * INPUT0_PITCHES[2];
    const size_t at1 = INPUT1_OFFSET + b * INPUT1_PITCHES[0] + other_f * INPUT1_PITCHES[1] + y * INPUT1_PITCHES[2];
    const size_t to = OUTPUT0_OFFSET + b * OUTPUT0_PITCHES[0] + f * OUTPUT0_PITCHES[1] + y * OUTPUT0_PITCHES[2];

    const float real = data[at0];
    const float imaginary = data[at0 + step0];
    const float other_real = other[at1];
    const float other_imaginary = IS_CONJ ? -(float)other[at1 + step1] : (float)other[at1 + step1];
    const float result =
        part == 0 ? real * other_real - imaginary * other_imaginary : real * other_imaginary + imaginary * other_real;
    output[to + part * step] = (OUTPUT0_TYPE)result;
}
