#include "ops/elementwise.hpp"
#include "ops/width/kernel.hpp"

namespace width {
namespace {

class Width : public Elementwise<Width> {
public:
    OPENVINO_OP("Width", "two_ops");

    static void run(const float* src, float* dst, std::size_t count) {
        width::run(src, dst, count);
    }
};

}  // namespace

std::vector<ov::Extension::Ptr> extensions() {
    return {std::make_shared<ov::OpExtension<Width>>()};
}

}  // namespace width
