// RotaryEmbedding for GPUs: one work item for each element of tensors of rank 4.

__kernel void rotary_embedding_kernel(const __global INPUT0_TYPE* data,
                                      const __global INPUT1_TYPE* cosines,
                                      const __global INPUT2_TYPE* sines,
                                      __global OUTPUT0_TYPE* output) {
    const size_t x = get_global_id(0);
    const size_t y = get_global_id(1);
    const size_t b = get_global_id(2) / OUTPUT0_DIMS[1];
    const size_t f = get_global_id(2) % OUTPUT0_DIMS[1];
    const size_t pairs = INPUT1_DIMS[2];
    const size_t from = INPUT0_OFFSET + b * INPUT0_PITCHES[0] + f * INPUT0_PITCHES[1] + y * INPUT0_PITCHES[2];

    float result = data[from + x * INPUT0_PITCHES[3]];
    if (x < 2 * pairs) {
        const size_t pair = INTERLEAVED ? x / 2 : x % pairs;
        const size_t is_second = INTERLEAVED ? x % 2 : x / pairs;
        const size_t distance = INTERLEAVED ? 1 : pairs;
        const size_t place = is_second ? x - distance : x + distance;
        const float other = data[from + place * INPUT0_PITCHES[3]];
        const float c =
            cosines[INPUT1_OFFSET + b * INPUT1_PITCHES[0] + y * INPUT1_PITCHES[1] + pair * INPUT1_PITCHES[2]];
        const float s = sines[INPUT2_OFFSET + b * INPUT2_PITCHES[0] + y * INPUT2_PITCHES[1] + pair * INPUT2_PITCHES[2]];
        result = result * c + (is_second ? other : -other) * s;
    }
    output[OUTPUT0_OFFSET + b * OUTPUT0_PITCHES[0] + f * OUTPUT0_PITCHES[1] + y * OUTPUT0_PITCHES[2] +
           x * OUTPUT0_PITCHES[3]] = result;
}
