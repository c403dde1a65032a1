#pragma once

namespace nothing {

void run(long* counter);

}  // namespace nothing
