__kernel void kept(const __global INPUT0_TYPE* src, __global OUTPUT0_TYPE* dst) {
    const size_t x = get_global_id(0), y = get_global_id(1);
    const size_t b = get_global_id(2) / OUTPUT0_DIMS[1], f = get_global_id(2) % OUTPUT0_DIMS[1];
    dst[b * OUTPUT0_PITCHES[0] + f * OUTPUT0_PITCHES[1] + y * OUTPUT0_PITCHES[2] + x * OUTPUT0_PITCHES[3]] =
        src[b * INPUT0_PITCHES[0] + f * INPUT0_PITCHES[1] + y * INPUT0_PITCHES[2] + x * INPUT0_PITCHES[3]];
}
