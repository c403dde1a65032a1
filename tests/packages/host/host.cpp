// host LIBRARY: loads CustomReLU, infers a small model on CPU, checks the numbers and prints the library's choice.
#include <dlfcn.h>

#include <cmath>
#include <cstdio>
#include <cstring>
#include <openvino/openvino.hpp>
#include <string>

namespace {

const std::string model_xml = R"(<net name="m" version="11"><layers>
<layer id="0" name="x" type="Parameter" version="opset1"><data shape="1003" element_type="f32"/>
<output><port id="0" precision="FP32"><dim>1003</dim></port></output></layer>
<layer id="1" name="y" type="CustomReLU" version="opset1"><data negative_slope="0.5"/>
<input><port id="0" precision="FP32"><dim>1003</dim></port></input>
<output><port id="1" precision="FP32"><dim>1003</dim></port></output></layer>
<layer id="2" name="r" type="Result" version="opset1">
<input><port id="0" precision="FP32"><dim>1003</dim></port></input></layer></layers>
<edges><edge from-layer="0" from-port="0" to-layer="1" to-port="0"/>
<edge from-layer="1" from-port="1" to-layer="2" to-port="0"/></edges></net>)";

bool numbers_are_right(ov::InferRequest& request) {
    auto input = request.get_input_tensor();
    auto* data = input.data<float>();
    for (std::size_t i = 0; i < input.get_size(); ++i) {
        data[i] = (static_cast<float>(i) - 500.0f) / 7.0f;
    }
    request.infer();
    const auto output = request.get_output_tensor();
    const auto* result = output.data<const float>();
    for (std::size_t i = 0; i < input.get_size(); ++i) {
        if (result[i] != (data[i] > 0 ? data[i] : data[i] * 0.5f)) {
            return false;
        }
    }
    return true;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fputs("usage: host LIBRARY\n", stderr);
        return 2;
    }
    ov::Core core;
    core.add_extension(std::string(argv[1]));
    auto compiled = core.compile_model(core.read_model(model_xml, ov::Tensor()), "CPU");
    auto request = compiled.create_infer_request();
    const bool right = numbers_are_right(request);
    void* library = dlopen(argv[1], RTLD_NOW);
    const auto active_isa = reinterpret_cast<const char* (*)()>(dlsym(library, "ovext_active_isa"));
    std::printf("%s %s\n", active_isa(), right ? "right" : "wrong");
    return right ? 0 : 1;
}
