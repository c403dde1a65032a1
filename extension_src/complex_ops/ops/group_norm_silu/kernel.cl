// GroupNormSiLU for GPUs: one work group for each group of each sample; its 64 work items share the group's elements.

#define ITEMS 64

/// Returns the sum of `own` over all work items of the group.
static float group_sum(float own, __local float* parts) {
    const size_t item = get_local_id(0);
    parts[item] = own;
    for (size_t half_of_them = ITEMS / 2; half_of_them > 0; half_of_them /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (item < half_of_them) {
            parts[item] += parts[item + half_of_them];
        }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    const float total = parts[0];
    barrier(CLK_LOCAL_MEM_FENCE);
    return total;
}

__kernel void group_norm_silu(const __global INPUT0_TYPE* data,
                              const __global INPUT1_TYPE* scale,
                              const __global INPUT2_TYPE* bias,
                              __global OUTPUT0_TYPE* output) {
    __local float parts[ITEMS];
    const size_t item = get_local_id(0);
    const size_t group = get_global_id(1);
    const size_t b = get_global_id(2);
    if (group >= GROUPS) {
        return;  // the whole work group returns
    }
    const size_t width = OUTPUT0_DIMS[3];
    const size_t plane = OUTPUT0_DIMS[2] * width;
    const size_t channels = OUTPUT0_DIMS[1] / GROUPS;
    const size_t first = group * channels;
    const size_t count = channels * plane;

    const __global INPUT0_TYPE* from = data + INPUT0_OFFSET + b * INPUT0_PITCHES[0] + first * INPUT0_PITCHES[1];
    __global OUTPUT0_TYPE* to = output + OUTPUT0_OFFSET + b * OUTPUT0_PITCHES[0] + first * OUTPUT0_PITCHES[1];
#define PLACE(i, pitches) ((i) / plane * (pitches)[1] + (i) % plane / width * (pitches)[2] + (i) % width * (pitches)[3])

    float own = 0.0f;
    for (size_t i = item; i < count; i += ITEMS) {
        own += (float)from[PLACE(i, INPUT0_PITCHES)];
    }
    const float mean = group_sum(own, parts) / count;
    own = 0.0f;
    for (size_t i = item; i < count; i += ITEMS) {
        const float distance = (float)from[PLACE(i, INPUT0_PITCHES)] - mean;
        own += distance * distance;
    }
    const float normal = 1.0f / sqrt(group_sum(own, parts) / count + EPSILON);
    for (size_t i = item; i < count; i += ITEMS) {
        const size_t channel = first + i / plane;
        const float factor = normal * (float)scale[INPUT1_OFFSET + channel * INPUT1_PITCHES[0]];
        const float shift = (float)bias[INPUT2_OFFSET + channel * INPUT2_PITCHES[0]];
        const float x = ((float)from[PLACE(i, INPUT0_PITCHES)] - mean) * factor + shift;
        to[PLACE(i, OUTPUT0_PITCHES)] = (OUTPUT0_TYPE)(x / (1.0f + exp(-x)));
    }
}
