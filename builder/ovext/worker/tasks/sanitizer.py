"""Whether this process runs under a sanitizer."""

from __future__ import annotations

import ctypes

# ThreadSanitizer does not see how OpenVINO's threads wait for each other. In memory that was used in an earlier call,
# it would report races that are none.
NEEDS_FRESH_MEMORY = hasattr(ctypes.CDLL(None), "__tsan_init")
