// Infers a model of one CustomReLU and prints the result.
#include <iostream>

#include <openvino/openvino.hpp>

namespace {

constexpr auto MODEL = R"(<net name="m" version="11"><layers>
<layer id="0" name="x" type="Parameter" version="opset1"><data shape="3" element_type="f32"/>
<output><port id="0" precision="FP32"><dim>3</dim></port></output></layer>
<layer id="1" name="y" type="CustomReLU" version="opset1"><data negative_slope="0.5"/>
<input><port id="0" precision="FP32"><dim>3</dim></port></input>
<output><port id="1" precision="FP32"><dim>3</dim></port></output></layer>
<layer id="2" name="r" type="Result" version="opset1">
<input><port id="0" precision="FP32"><dim>3</dim></port></input></layer></layers>
<edges><edge from-layer="0" from-port="0" to-layer="1" to-port="0"/>
<edge from-layer="1" from-port="1" to-layer="2" to-port="0"/></edges></net>)";

}  // namespace

int main() {
    ov::Core core;
    core.add_extension(std::string{EXTENSION});
    auto request = core.compile_model(core.read_model(MODEL, ov::Tensor{}), "CPU").create_infer_request();
    float x[] = {-2.0F, 0.0F, 3.0F};
    request.set_input_tensor(ov::Tensor(ov::element::f32, {3}, x));
    request.infer();
    const auto y = request.get_output_tensor();
    for (std::size_t i = 0; i < y.get_size(); ++i) {
        std::cout << y.data<float>()[i] << (i + 1 < y.get_size() ? ' ' : '\n');
    }
    return 0;
}
