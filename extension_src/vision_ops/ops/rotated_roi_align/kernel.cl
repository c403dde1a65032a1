// RotatedRoIAlign for GPUs: one work item for each cell of each box and channel.

float pixel(const __global INPUT0_TYPE* plane, int row, int column) {
    return plane[row * INPUT0_PITCHES[2] + column * INPUT0_PITCHES[3]];
}

// The value between the four pixels around a place; 0 outside of the image.
float sample(const __global INPUT0_TYPE* plane, float y, float x) {
    const int height = INPUT0_DIMS[2];
    const int width = INPUT0_DIMS[3];
    if (height == 0 || width == 0 || !(y >= -1 && x >= -1 && y <= height && x <= width)) {
        return 0;
    }
    y = clamp(y, 0.0f, (float)(height - 1));
    x = clamp(x, 0.0f, (float)(width - 1));
    const int top = min((int)y, height - 1);
    const int left = min((int)x, width - 1);
    const int bottom = min(top + 1, height - 1);
    const int end = min(left + 1, width - 1);
    const float from_top = y - top;
    const float from_left = x - left;
    const float above = pixel(plane, top, left) * (1 - from_left) + pixel(plane, top, end) * from_left;
    const float below = pixel(plane, bottom, left) * (1 - from_left) + pixel(plane, bottom, end) * from_left;
    return above * (1 - from_top) + below * from_top;
}

__kernel void rotated_roi_align_kernel(const __global INPUT0_TYPE* data,
                                       const __global INPUT1_TYPE* rois,
                                       __global OUTPUT0_TYPE* output) {
    const size_t column = get_global_id(0);
    const size_t row = get_global_id(1);
    const size_t number = get_global_id(2) / OUTPUT0_DIMS[1];
    const size_t channel = get_global_id(2) % OUTPUT0_DIMS[1];

    float roi[6];
    for (int i = 0; i < 6; ++i) {
        roi[i] = rois[INPUT1_OFFSET + number * INPUT1_PITCHES[0] + i * INPUT1_PITCHES[1]];
    }
    const __global INPUT0_TYPE* plane =
        data + INPUT0_OFFSET + (size_t)roi[0] * INPUT0_PITCHES[0] + channel * INPUT0_PITCHES[1];
    const float least = ALIGNED ? 0.0f : 1.0f;
    const float half_pixel = ALIGNED ? 0.5f : 0.0f;
    const float width = fmax(roi[3] * SPATIAL_SCALE, least);
    const float height = fmax(roi[4] * SPATIAL_SCALE, least);
    const float angle = CLOCKWISE ? -roi[5] : roi[5];
    const float cell_height = height / OUTPUT_HEIGHT;
    const float cell_width = width / OUTPUT_WIDTH;
    const int down = SAMPLING_RATIO > 0 ? SAMPLING_RATIO : (int)ceil(cell_height);
    const int right = SAMPLING_RATIO > 0 ? SAMPLING_RATIO : (int)ceil(cell_width);

    float sum = 0;
    for (int i = 0; i < down; ++i) {
        const float y = (row + (i + 0.5f) / down) * cell_height - height / 2;
        for (int j = 0; j < right; ++j) {
            const float x = (column + (j + 0.5f) / right) * cell_width - width / 2;
            sum += sample(plane,
                          y * cos(angle) - x * sin(angle) + roi[2] * SPATIAL_SCALE - half_pixel,
                          y * sin(angle) + x * cos(angle) + roi[1] * SPATIAL_SCALE - half_pixel);
        }
    }
    output[OUTPUT0_OFFSET + number * OUTPUT0_PITCHES[0] + channel * OUTPUT0_PITCHES[1] + row * OUTPUT0_PITCHES[2] +
           column * OUTPUT0_PITCHES[3]] = sum / max(down * right, 1);
}
