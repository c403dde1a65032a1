#include "ops/elementwise.hpp"
#include "ops/with_eigen/kernel.hpp"

namespace with_eigen {
namespace {

class WithEigen : public Elementwise<WithEigen> {
public:
    OPENVINO_OP("WithEigen", "any_cpp");

    static void run(const float* src, float* dst, std::size_t count) {
        with_eigen::run(src, dst, count);
    }
};

}  // namespace

std::vector<ov::Extension::Ptr> extensions() {
    return {std::make_shared<ov::OpExtension<WithEigen>>()};
}

}  // namespace with_eigen
