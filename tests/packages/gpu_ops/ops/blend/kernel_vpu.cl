// Computes a batch of 1 with the defaults of the attributes that a VPU kernel cannot take.
__kernel void blend_vpu(const __global float* a,
                        const __global float* b,
                        __global float* out,
                        float scale,
                        int bias,
                        int channels,
                        float half_of) {
    const int x = get_global_id(0), y = get_global_id(1), f = get_global_id(2);
    const int width = get_global_size(0), height = get_global_size(1);
    const int planar = (f * height + y) * width + x;
    const int interleaved = (y * width + x) * channels + f;
    out[planar] = (a[planar] + b[interleaved]) * (scale + half_of - 0.5f) + bias;
}
