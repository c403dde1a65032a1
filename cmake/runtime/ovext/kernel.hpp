// The table of an op's kernels: declared once, compiled once per instruction set, called through one pointer.
//
// An op's kernel.hpp declares, in the op's namespace, a struct `Kernels` of function pointers and then says
// OVEXT_DISPATCH_KERNELS(). Its kernel.cpp defines `const Kernels kernels` in the namespace OVEXT_ISA; the build
// compiles it once per variant with OVEXT_ISA set to the variant's id. All other code calls `kernels().function(...)`.
//
// kernel.cpp must include nothing of OpenVINO or the STL: an inline function from such a header, compiled with the
// variant's flags, could become the one copy that the whole library uses, also on a CPU without those instructions.
#pragma once

#ifdef OVEXT_ISA

#    define OVEXT_DISPATCH_KERNELS()  \
        namespace OVEXT_ISA {         \
        extern const Kernels kernels; \
        }

#else

#    include <ovext/dispatch.hpp>
#    include <ovext/variants.hpp>

#    define OVEXT_DECLARE_KERNELS(id) \
        namespace id {                \
        extern const Kernels kernels; \
        }
#    define OVEXT_ADDRESS_OF_KERNELS(id) &id::kernels,

#    define OVEXT_DISPATCH_KERNELS()                                                      \
        OVEXT_FOR_EACH_VARIANT(OVEXT_DECLARE_KERNELS)                                     \
        inline const Kernels* const chosen_kernels =                                      \
            ::ovext::choose<Kernels>({OVEXT_FOR_EACH_VARIANT(OVEXT_ADDRESS_OF_KERNELS)}); \
        inline const Kernels& kernels() {                                                 \
            return *chosen_kernels;                                                       \
        }

#endif
