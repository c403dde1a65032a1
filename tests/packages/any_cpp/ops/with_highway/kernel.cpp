#include "ops/with_highway/kernel.hpp"

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace with_highway {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

void run(const float* src, float* dst, std::size_t count) {
    const hn::ScalableTag<float> tag;  // as wide as the registers of the variant
    const auto two = hn::Set(tag, 2.0f);
    const auto one = hn::Set(tag, 1.0f);
    std::size_t i = 0;
    for (; i + hn::Lanes(tag) <= count; i += hn::Lanes(tag)) {
        hn::StoreU(hn::Add(hn::Mul(hn::LoadU(tag, src + i), two), one), tag, dst + i);
    }
    for (; i < count; ++i) {
        dst[i] = src[i] * 2.0f + 1.0f;
    }
}

}  // namespace HWY_NAMESPACE

void run(const float* src, float* dst, std::size_t count) {
    HWY_NAMESPACE::run(src, dst, count);
}

}  // namespace with_highway
HWY_AFTER_NAMESPACE();
