#include "ops/elementwise.hpp"
#include "ops/with_xsimd/kernel.hpp"

namespace with_xsimd {
namespace {

class WithXsimd : public Elementwise<WithXsimd> {
public:
    OPENVINO_OP("WithXsimd", "any_cpp");

    static void run(const float* src, float* dst, std::size_t count) {
        with_xsimd::run(src, dst, count);
    }
};

}  // namespace

std::vector<ov::Extension::Ptr> extensions() {
    return {std::make_shared<ov::OpExtension<WithXsimd>>()};
}

}  // namespace with_xsimd
