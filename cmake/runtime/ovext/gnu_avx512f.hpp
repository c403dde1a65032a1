// Included before all code of a variant that GCC compiles.
//
// With -mavx512f alone, GCC (12 and 14 were tried) moves parts of vectors with instructions that AVX-512F does not
// have: those of AVX-512DQ (64x2) and AVX-512VL (with registers of 256 bits). These assembler macros replace them with
// instructions of AVX-512F and AVX that do the same.
#if defined(__AVX512F__) && !defined(__AVX512DQ__) && !defined(__AVX512VL__)
asm(R"(
    # `name` itself where it has a mask, which counts elements; else one of the two, by whether %ymm is an operand.
    .macro ovext_choose name, with_512, with_256, operands:vararg
    .set ovext_has_mask, 0
    .set ovext_has_256, 0
    .set ovext_after_percent, 0
    .irpc character, \operands
    .ifc \character, {
    .set ovext_has_mask, 1
    .endif
    .ifc \character, y
    .if ovext_after_percent
    .set ovext_has_256, 1
    .endif
    .endif
    .set ovext_after_percent, 0
    .ifc \character, %
    .set ovext_after_percent, 1
    .endif
    .endr
    .if ovext_has_mask
    ovext_plain \name, \operands
    .elseif ovext_has_256
    \with_256 \operands
    .else
    ovext_plain \with_512, \operands
    .endif
    .endm

    .macro ovext_plain name, operands:vararg
    .purgem \name
    \name \operands
    ovext_define_\name
    .endm

    .irp name, extractf, extracti, insertf, inserti
    .macro ovext_define_v\name\()32x4
    .macro v\name\()32x4 operands:vararg
    ovext_choose v\name\()32x4, v\name\()32x4, v\name\()128, \operands
    .endm
    .endm
    .macro ovext_define_v\name\()64x2
    .macro v\name\()64x2 operands:vararg
    ovext_choose v\name\()64x2, v\name\()32x4, v\name\()128, \operands
    .endm
    .endm
    ovext_define_v\name\()32x4
    ovext_define_v\name\()64x2
    .endr
)");
#endif
