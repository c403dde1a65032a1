// Included before all code of a variant that GCC compiles.
//
// With -mavx512f alone, GCC 12 takes every second 64-bit element out of a vector by vextracti64x2 and vextractf64x2, which
// only AVX-512DQ has (and VL, for 256 bits). These macros of the assembler put the instructions in their place that do
// the same and belong to AVX-512F and AVX.
#if defined(__AVX512F__) && !defined(__AVX512DQ__)
asm(R"(
    .macro ovext_extract of_512, of_256, place, from, to:vararg
    .set ovext_is_256, 0
    .irp number, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    .ifc \from, %ymm\number
    .set ovext_is_256, 1
    .endif
    .endr
    .if ovext_is_256
    \of_256 \place, \from, \to
    .else
    \of_512 \place, \from, \to
    .endif
    .endm

    .macro vextracti64x2 place, from, to:vararg
    ovext_extract vextracti32x4, vextracti128, \place, \from, \to
    .endm
    .macro vextractf64x2 place, from, to:vararg
    ovext_extract vextractf32x4, vextractf128, \place, \from, \to
    .endm
)");
#endif
