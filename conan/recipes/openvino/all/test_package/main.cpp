// Prints OpenVINO's version and the devices that it finds.
#include <iostream>

#include <openvino/openvino.hpp>

int main() {
    std::cout << ov::get_openvino_version().buildNumber << ":";
    for (const auto& device : ov::Core().get_available_devices()) {
        std::cout << ' ' << device;
    }
    std::cout << '\n';
    return 0;
}
