#include "ops/elementwise.hpp"
#include "ops/with_highway/kernel.hpp"

namespace with_highway {
namespace {

class WithHighway : public Elementwise<WithHighway> {
public:
    OPENVINO_OP("WithHighway", "any_cpp");

    static void run(const float* src, float* dst, std::size_t count) {
        with_highway::run(src, dst, count);
    }
};

}  // namespace

std::vector<ov::Extension::Ptr> extensions() {
    return {std::make_shared<ov::OpExtension<WithHighway>>()};
}

}  // namespace with_highway
