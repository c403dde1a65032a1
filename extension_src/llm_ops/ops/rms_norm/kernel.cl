// RMSNorm for GPUs: one work item for each row of tensors of rank 4.

__kernel void rms_norm_kernel(const __global INPUT0_TYPE* data,
                              const __global INPUT1_TYPE* weight,
                              __global OUTPUT0_TYPE* output) {
    const size_t y = get_global_id(1);
    const size_t b = get_global_id(2) / OUTPUT0_DIMS[1];
    const size_t f = get_global_id(2) % OUTPUT0_DIMS[1];
    const size_t count = INPUT0_DIMS[3];
    const size_t from = INPUT0_OFFSET + b * INPUT0_PITCHES[0] + f * INPUT0_PITCHES[1] + y * INPUT0_PITCHES[2];
    const size_t to = OUTPUT0_OFFSET + b * OUTPUT0_PITCHES[0] + f * OUTPUT0_PITCHES[1] + y * OUTPUT0_PITCHES[2];

    float squares = 0;
    for (size_t x = 0; x < count; ++x) {
        const float value = data[from + x * INPUT0_PITCHES[3]];
        squares += value * value;
    }
    const float scale = rsqrt(squares / count + EPSILON);
    for (size_t x = 0; x < count; ++x) {
        const float value = data[from + x * INPUT0_PITCHES[3]];
        output[to + x * OUTPUT0_PITCHES[3]] = value * scale * weight[INPUT1_OFFSET + x * INPUT1_PITCHES[0]];
    }
}
