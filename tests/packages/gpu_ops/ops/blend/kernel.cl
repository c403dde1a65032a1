// Every attribute is a macro; MODE is `add` or `sub`.
#define add 1
#define sub -1

__kernel void blend(const __global INPUT1_TYPE* b_in, const __global INPUT0_TYPE* a_in, __global OUTPUT0_TYPE* out) {
    const size_t b = get_global_id(0), f = get_global_id(1);
    const size_t y = get_global_id(2) / OUTPUT0_DIMS[3], x = get_global_id(2) % OUTPUT0_DIMS[3];
    const INPUT0_TYPE first =
        a_in[b * INPUT0_PITCHES[0] + f * INPUT0_PITCHES[1] + y * INPUT0_PITCHES[2] + x * INPUT0_PITCHES[3]];
    const INPUT1_TYPE second =
        b_in[b * INPUT1_PITCHES[0] + f * INPUT1_PITCHES[1] + y * INPUT1_PITCHES[2] + x * INPUT1_PITCHES[3]];
    const size_t weight = f % (sizeof(WEIGHTS) / sizeof(float)), step = f % (sizeof(STEPS) / sizeof(int));
    const float value = (first + MODE * second) * SCALE + BIAS + WEIGHTS[weight] + STEPS[step];
    out[b * OUTPUT0_PITCHES[0] + f * OUTPUT0_PITCHES[1] + y * OUTPUT0_PITCHES[2] + x * OUTPUT0_PITCHES[3]] =
        NEGATE ? -value : value;
}
