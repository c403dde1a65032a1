// A small extension without ovext. Macros give it one illness each.
#include <openvino/core/extension.hpp>
#include <openvino/core/op_extension.hpp>
#include <openvino/op/op.hpp>

#include <string>
#include <vector>

namespace {

class Same : public ov::op::Op {
public:
    OPENVINO_OP("Same", "illnesses");

    void validate_and_infer_types() override {
        set_output_type(0, get_input_element_type(0), get_input_partial_shape(0));
    }
    std::shared_ptr<ov::Node> clone_with_new_inputs(const ov::OutputVector& inputs) const override {
        auto clone = std::make_shared<Same>();
        clone->set_arguments(inputs);
        clone->set_friendly_name(std::string("same"));
        return clone;
    }
};

}  // namespace

#ifdef WITH_UNIQUE_SYMBOL
template <typename T>
struct Shared {
    __attribute__((visibility("default"))) static int counter;
};
template <typename T>
int Shared<T>::counter = 0;
__attribute__((visibility("default"))) int* unique_symbol() {
    return &Shared<int>::counter;
}
#endif

#if defined(WITHOUT_ENTRY_POINT)
#elif defined(WITH_OLD_ENTRY_POINT)
extern "C" __attribute__((visibility("default"))) int CreateExtension(void*) {
    return 0;
}
#elif defined(WITH_THROWING_ENTRY_POINT)
extern "C" __attribute__((visibility("default"))) void create_extensions(std::vector<ov::Extension::Ptr>&) {
    throw std::runtime_error("this entry point always throws");
}
#else
extern "C" __attribute__((visibility("default"))) void create_extensions(std::vector<ov::Extension::Ptr>& extensions) {
    extensions = {std::make_shared<ov::OpExtension<Same> >()};
}
#endif
