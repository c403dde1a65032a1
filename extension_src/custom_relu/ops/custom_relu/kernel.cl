// CustomReLU for GPUs: one work item for each element, for every memory format and for f16 and f32.

__kernel void custom_relu(const __global INPUT0_TYPE* src, __global OUTPUT0_TYPE* dst) {
    const size_t x = get_global_id(0);
    const size_t y = get_global_id(1);
    const size_t b = get_global_id(2) / OUTPUT0_DIMS[1];
    const size_t f = get_global_id(2) % OUTPUT0_DIMS[1];

    const size_t from =
        INPUT0_OFFSET + b * INPUT0_PITCHES[0] + f * INPUT0_PITCHES[1] + y * INPUT0_PITCHES[2] + x * INPUT0_PITCHES[3];
    const size_t to = OUTPUT0_OFFSET + b * OUTPUT0_PITCHES[0] + f * OUTPUT0_PITCHES[1] + y * OUTPUT0_PITCHES[2] +
                      x * OUTPUT0_PITCHES[3];

    const INPUT0_TYPE value = src[from];
    // With a slope of 0, everything else becomes 0, as in the CPU kernel: 0 * -inf would be NaN.
    const bool keeps = value > 0;
    dst[to] = keeps ? value : NEGATIVE_SLOPE == 0 ? 0 : value * (INPUT0_TYPE)NEGATIVE_SLOPE;
}
