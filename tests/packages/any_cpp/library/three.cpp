#include "three.hpp"

float three() {
    return 3.0f;
}
