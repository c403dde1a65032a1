// A registry to which each source file of the extension adds entries before anything reads it.
#pragma once

#include <openvino/core/extension.hpp>

#include <functional>
#include <map>
#include <string>

using Make = std::function<ov::Extension::Ptr()>;

std::map<std::string, Make>& registry();

/// A static object of this class adds an entry.
struct Registered {
    Registered(const std::string& name, Make make) {
        registry()[name] = std::move(make);
    }
};
