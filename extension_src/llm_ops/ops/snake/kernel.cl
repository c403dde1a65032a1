// Derived from op.toml by `ovext sync`, which overwrites it: change op.toml instead.
// Snake for GPUs: one work item for each element, for every memory format and element type.

__kernel void snake_kernel(
    const __global INPUT0_TYPE* data,
    const __global INPUT1_TYPE* alpha,
    __global OUTPUT0_TYPE* output) {
    const size_t x = get_global_id(0);
    const size_t y = get_global_id(1);
    const size_t b = get_global_id(2) / OUTPUT0_DIMS[1];
    const size_t f = get_global_id(2) % OUTPUT0_DIMS[1];

    // Where an input is broadcast, its size is 1 and the only place 0. All inputs but aligned ones must be of one rank: the
    // plugin fills smaller ones with 1 on the right, and broadcasting does on the left.
    const size_t from0 = INPUT0_OFFSET +
                         (b % INPUT0_DIMS[0]) * INPUT0_PITCHES[0] +
                         (f % INPUT0_DIMS[1]) * INPUT0_PITCHES[1] +
                         (y % INPUT0_DIMS[2]) * INPUT0_PITCHES[2] +
                         (x % INPUT0_DIMS[3]) * INPUT0_PITCHES[3];
    const size_t from1 = INPUT1_OFFSET +
                         (f % INPUT1_DIMS[0]) * INPUT1_PITCHES[0];
    const size_t to = OUTPUT0_OFFSET + b * OUTPUT0_PITCHES[0] + f * OUTPUT0_PITCHES[1] + y * OUTPUT0_PITCHES[2] +
                      x * OUTPUT0_PITCHES[3];

    const float data_element = data[from0];
    const float alpha_element = alpha[from1];
    // data + sin(alpha * data) * sin(alpha * data) / (alpha + 0.000000001)
    output[to] = (data_element + (
        (sin((alpha_element * data_element)) * sin((alpha_element * data_element))) / (alpha_element + 1e-09f)));
}
