// Prints the id of every instruction set in the table that this machine supports, narrowest first.
#include <ovext/dispatch.hpp>

#include <cstdio>

int main() {
    for (std::size_t i = 0; i < ovext::variant_table.count; ++i) {
        const auto& row = ovext::variant_table.rows[i];
        if (ovext::supports(ovext::this_cpu(), row)) {
            std::printf("%s\n", row.id);
        }
    }
    return 0;
}
