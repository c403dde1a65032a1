#include <shared/scaled.hpp>

#include "ops/elementwise.hpp"
#include "ops/standard/kernel.hpp"

namespace standard {
namespace {

class Standard : public Elementwise<Standard> {
public:
    OPENVINO_OP("Standard", "any_cpp");

    static void run(const float* src, float* dst, std::size_t count) {
        OPENVINO_ASSERT(initialised() == scaled(1), "static objects of the kernel were made ", initialised(), " times");
        OPENVINO_ASSERT(registered() == 1, "the registry has ", registered(), " entries");
        try {
            const auto result = sorted_and_scaled(src, count);
            std::copy(result.begin(), result.end(), dst);
        } catch (const TooMany& problem) {
            OPENVINO_THROW("caught ", problem.count, ": ", problem.what());
        }
    }
};

}  // namespace

std::vector<ov::Extension::Ptr> extensions() {
    return {std::make_shared<ov::OpExtension<Standard>>()};
}

}  // namespace standard
