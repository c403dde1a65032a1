"""Small libraries of every kind about which a verdict can be wrong.

None is described as good or bad: the tests find that out by loading it.
"""

from __future__ import annotations

import struct
import subprocess
from dataclasses import dataclass, field, replace
from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SHOWN = '__attribute__((visibility("default")))'
ENTRY = f"{SHOWN} void create_extensions(void *v)"
EMPTY = f"{ENTRY} {{}}"
FLAGS = ["-O1", "-fPIC", "-fvisibility=hidden"]
LINK = ["-shared", "-Wl,-z,relro,-z,noexecstack"]


@dataclass(frozen=True)
class Case:
    """One library: a source in C or C++, or assembly inside it, and how it is linked."""

    name: str
    source: str
    flags: tuple[str, ...] = ()
    language: str = "c"
    linked: tuple[str, ...] = tuple(LINK)
    after: Callable[[Path], None] | None = None  # changes the finished file
    beside: dict[str, str] = field(default_factory=dict)  # stub libraries to link with: name and flags
    gone: tuple[str, ...] = ()  # those that are deleted once it is linked
    helper: str = ""  # the source of libhelper.so, which lies beside it and which it needs


def assembly(text: str) -> str:
    return f'__asm__("{text}");'


def inside(instructions: str) -> str:
    """The entry with instructions that must be harmless if the CPU knows them."""
    escaped = instructions.replace("%", "%%")
    return f'{ENTRY} {{ __asm__ volatile("{escaped}" ::: "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "memory"); }}'


# What the CPU does with it differs from CPU to CPU; none writes outside the stack or waits.
INSTRUCTIONS = {
    "sse2": "paddd %xmm0, %xmm1",
    "sse3": "haddps %xmm0, %xmm1",
    "fisttp": "fldz; fisttpl -8(%rsp)",
    "ssse3": "pabsd %xmm0, %xmm1",
    "sse41": "pmulld %xmm0, %xmm1",
    "sse42": "pcmpgtq %xmm0, %xmm1",
    "crc32": "crc32 %eax, %eax",
    "popcnt": "popcnt %eax, %eax",
    "lzcnt": "lzcnt %eax, %eax",
    "tzcnt": "tzcnt %eax, %eax",
    "bmi1": "andn %eax, %eax, %eax",
    "bmi2": "mulx %rax, %rax, %rcx",
    "movbe": "movbe -8(%rsp), %eax",
    "avx": "vaddps %ymm0, %ymm0, %ymm0",
    "avx2": "vpaddd %ymm0, %ymm0, %ymm0",
    "fma": "vfmadd231ps %ymm0, %ymm0, %ymm0",
    "f16c": "vcvtph2ps %xmm0, %ymm0",
    "avx512f": "vpaddd %zmm0, %zmm0, %zmm0",
    "avx512vl": "vpternlogd $0, %ymm16, %ymm16, %ymm16",
    "avx512bw": "vpaddb %zmm0, %zmm0, %zmm0",
    "avx512dq": "vpmullq %zmm0, %zmm0, %zmm0",
    "vnni": "vpdpbusd %zmm0, %zmm0, %zmm0",
    "aes": "aesenc %xmm0, %xmm0",
    "pclmul": "pclmulqdq $0, %xmm0, %xmm0",
    "sha": "sha1nexte %xmm0, %xmm0",
    "gfni": "gf2p8mulb %xmm0, %xmm0",
    "vaes": "vaesenc %ymm0, %ymm0, %ymm0",
    "adx": "adcx %rax, %rcx",
    "rdrand": "rdrand %eax",
    "rdseed": "rdseed %eax",
    "rdpid": "rdpid %rax",
    "rdtscp": "rdtscp",
    "rdtsc": "rdtsc",
    "fsgsbase": "rdfsbase %rax",
    "rtm": "xtest",
    "clflush": "clflush -8(%rsp)",
    "clflushopt": "clflushopt -8(%rsp)",
    "clwb": "clwb -8(%rsp)",
    "movdiri": "movdiri %eax, -8(%rsp)",
    "serialize": "serialize",
    "ptwrite": "ptwrite %eax",
    "cmpxchg16b": "lea -64(%rsp), %rdi; and $-16, %rdi; xor %eax, %eax; xor %edx, %edx; cmpxchg16b (%rdi)",
    "lahf": "lahf",
    "amx": "tilerelease",
    "3dnow": ".byte 0x0f,0x0f,0xc1,0x9e",
    "femms": ".byte 0x0f,0x0e",
    "sse4a": ".byte 0x66,0x0f,0x79,0xc1",
    "xop": ".byte 0x8f,0xe8,0x78,0xc2,0xc0,0x00",
    "fma4": ".byte 0xc4,0xe3,0x79,0x69,0xc0,0x00",
    "apx": ".byte 0xd5,0x10,0x89,0xc0",
    "endbr": "endbr64",
    "rdssp": "xor %eax, %eax; rdsspq %rax",
    "prefetchw": "prefetchw -8(%rsp)",
    "cldemote": "cldemote -8(%rsp)",
    "bnd": ".byte 0xf2; jmp 1f; 1:",
    "pause": "pause",
    "mfence": "mfence",
    "cmov": "cmovne %eax, %eax",
    "cpuid": "xor %eax, %eax; cpuid",
    "movnti": "movnti %eax, -8(%rsp)",
    "invalid": ".byte 0x06",
    "ud2": "ud2",
    "hlt": "hlt",
}
WIDE = INSTRUCTIONS["avx2"]
WIDE_ESCAPED = WIDE.replace("%", "%%")
WIDE_C = f'__asm__ volatile("{WIDE_ESCAPED}" ::: "xmm0");'
# Where wide code can be, so that the entry or the loader runs it.
POSITIONS = {
    "called": f"__attribute__((noinline)) static void h(void) {{ {WIDE_C} }} {ENTRY} {{ h(); }}",
    "tail_called": f"__attribute__((noinline)) void h(void) {{ {WIDE_C} }} {ENTRY} {{ h(); }}",
    "constructor": f"__attribute__((constructor)) static void h(void) {{ {WIDE_C} }} {EMPTY}",
    "destructor": f"__attribute__((destructor)) static void h(void) {{ {WIDE_C} }} {EMPTY}",
    "pointer": f"static void h(void) {{ {WIDE_C} }} void (*volatile p)(void) = h; {ENTRY} {{ p(); }}",
    "loop": f"int printf(const char *, ...); {ENTRY} {{ for (volatile int i = 0; i < 3; ++i) {{ {WIDE_C} }} }}",
    "branch": f"volatile int n = 1; {ENTRY} {{ if (n) {{ {WIDE_C} }} }}",
    "switch": "volatile int n = 3; volatile int m; "
    f"{ENTRY} {{ switch (n) {{ case 0: m = 5; break; case 1: m = 7; break; case 2: m = 11; break; "
    f"case 3: {WIDE_C} m = 2; break; case 4: m = 13; break; case 5: m = 1; break; }} }}",
    "last_case": f"""
        volatile int n = 3, m;
        {ENTRY} {{
            switch (n) {{ case 0: m = 5; break; case 1: m = 7; break; case 2: m = 11; break; case 4: m = 13; break;
            case 5: m = 1; break; case 3: {WIDE_C} }}
            m += 3; }}""",
    "deep": f"""
        __attribute__((noinline)) static void h(int n) {{ {WIDE_C} if (n) h(n - 1); }}
        __attribute__((noinline)) static void g(void) {{ h(3); __asm__ volatile(""); }}
        {ENTRY} {{ g(); __asm__ volatile(""); }}""",
    "ifunc_resolver": f"static void k(void) {{}} static void *r(void) {{ {WIDE_C} return k; }} "
    f'void f(void) __attribute__((ifunc("r"))); {ENTRY} {{ f(); }}',
    "jumped_to": f'{ENTRY} {{ __asm__ volatile("jmp 2f; .byte 0x48,0xb8; 2: {WIDE_ESCAPED}" ::: "xmm0"); }}',
    "hidden_in_immediate": f"""{ENTRY} {{
        __asm__ volatile("jmp 2f; .byte 0x48,0xb8; 2: {WIDE_ESCAPED}; nop; nop; nop; nop" ::: "xmm0"); }}""",
    "without_unwind_table": f"""
        {assembly(f".text; nop; h_: {WIDE}; ret; .globl h_; .hidden h_")}
        void h_(void); {ENTRY} {{ h_(); }}""",
    "other_section": f"""
        __attribute__((noinline, section(".rare"))) static void h(void) {{ {WIDE_C} }}
        {ENTRY} {{ h(); }}""",
}
BY_NAME = f"""
    namespace avx2 {{ struct T {{}}; }}
    template <class X> __attribute__((noinline)) void h(X) {{ {WIDE_C} }}
    extern "C" {ENTRY} {{ h(avx2::T{{}}); }}"""
CPP = {
    "position_handler": f"""
        __attribute__((noinline)) static void thrower() {{ throw 1; }}
        extern "C" {ENTRY} {{ try {{ thrower(); }} catch (int) {{ {WIDE_C} }} }}""",
    "position_clean_up": f"""
        struct T {{ bool a = true; ~T() {{ if (a) {{ {WIDE_C} }} }} }};
        __attribute__((noinline)) static void thrower() {{ throw 1; }}
        __attribute__((noinline)) static void f() {{ T t; thrower(); }}
        extern "C" {ENTRY} {{ try {{ f(); }} catch (int) {{}} }}""",
    "clean_cpp": f"""
        #include <map>
        #include <stdexcept>
        #include <string>
        extern "C" {ENTRY} {{
            std::map<std::string, int> m; m["a"] = 3;
            try {{ m.at("b"); }} catch (const std::out_of_range &) {{ m["b"] = 5; }} }}""",
}
# The sections of ovext's variants: code outside them is for every x86-64 CPU.
IN_VARIANT = '__attribute__((noinline, section("ovext_text_avx2")))'
VARIANTS = {
    "unused": f"{IN_VARIANT} void h(void) {{ {WIDE_C} }} {EMPTY}",
    "called": f"{IN_VARIANT} void h(void) {{ {WIDE_C} }} {ENTRY} {{ h(); }}",
    "constructor": f"__attribute__((constructor)) {IN_VARIANT} static void h(void) {{ {WIDE_C} }} {EMPTY}",
    "beside_wide_code": f"{IN_VARIANT} void g(void) {{}} {POSITIONS['called']}",
}
TABLE = r".byte 0xc5,0xf5,0xfe,0xc8,0xc5,0xf5,0xfe,0xc8"
DATA = {
    "object": assembly(rf".text\n.type t_,@object\n.size t_,8\nt_: {TABLE}\n") + EMPTY,
    "after_return": assembly(rf".text\n.globl f_\n.hidden f_\n.type f_,@function\nf_: ret\n{TABLE}\n.size f_,.-f_\n")
    + EMPTY,
    "unnamed": assembly(rf".text\nnop\nret\n{TABLE}\n") + EMPTY,
    "jumped_over": f'{ENTRY} {{ __asm__ volatile("jmp 2f\\n {TABLE}\\n 2: nop"); }}',
    "in_immediate": f'{ENTRY} {{ __asm__ volatile("movabs $0xc8fef5c5c8fef5c5, %%rax" ::: "rax"); }}',
    "read": f"""
        extern const unsigned char t_[8]; volatile int x;
        {assembly(rf".text; .type t_,@object; .size t_,8; .globl t_; .hidden t_; t_: {TABLE}")}
        {ENTRY} {{ x = t_[3]; }}""",
}
SUM = "int s = 0; for (int i = 0; i < n; i++) s += a[i]; return s;"
USE = "int a[64] = {0}; volatile int r = k(a, 64); (void)r;"
AVX2 = '__attribute__((noinline, target("avx2")))'
WIDE_SUM = f"{AVX2} static int w(int *a, int n) {{ {SUM} }}"
ENTRY_USES = f"{ENTRY} {{ {USE} }}"
ENTRY_ASKS = f"{ENTRY} {{ __builtin_cpu_init(); {USE} }}"
GUARDED = {
    "clones": f"""
        __attribute__((target_clones("default", "avx2"))) int k(int *a, int n) {{ {SUM} }}
        {ENTRY_USES}""",
    "clones512": f"""
        __attribute__((target_clones("default", "avx2", "avx512f"))) int k(int *a, int n) {{ {SUM} }}
        {ENTRY_USES}""",
    "supports": f"""
        {WIDE_SUM}
        static int k(int *a, int n) {{ if (__builtin_cpu_supports("avx2")) return w(a, n); {SUM} }}
        {ENTRY_ASKS}""",
    "ifunc": f"""
        {WIDE_SUM}
        static int b(int *a, int n) {{ {SUM} }}
        static void *r(void) {{ __builtin_cpu_init(); return __builtin_cpu_supports("avx2") ? (void *)w : (void *)b; }}
        int k(int *, int) __attribute__((ifunc("r")));
        {ENTRY_USES}""",
    "own_cpuid": f"""
        #include <cpuid.h>
        {WIDE_SUM}
        static int k(int *a, int n) {{
            unsigned p, q = 0, c, d;
            if (__get_cpuid_count(7, 0, &p, &q, &c, &d) && (q & 32)) return w(a, n);
            {SUM} }}
        {ENTRY_USES}""",
    "cached": f"""
        #include <cpuid.h>
        static volatile int has;
        {WIDE_SUM}
        __attribute__((constructor)) static void ask(void) {{
            unsigned p, q = 0, c, d;
            if (__get_cpuid_count(7, 0, &p, &q, &c, &d)) has = q & 32; }}
        static int k(int *a, int n) {{ if (has) return w(a, n); {SUM} }}
        {ENTRY_USES}""",
}
WRONGLY_GUARDED = {
    "not": f"""
        {WIDE_SUM}
        static int k(int *a, int n) {{ if (!__builtin_cpu_supports("avx2")) return w(a, n); {SUM} }}
        {ENTRY_ASKS}""",
    "lower": f"""
        {WIDE_SUM}
        static int k(int *a, int n) {{ if (__builtin_cpu_supports("sse4.2")) return w(a, n); {SUM} }}
        {ENTRY_ASKS}""",
    "before": f"""
        {WIDE_SUM}
        static int k(int *a, int n) {{ int r = w(a, n); if (__builtin_cpu_supports("avx2")) return r; {SUM} }}
        {ENTRY_ASKS}""",
    "elsewhere": f"""
        #include <cpuid.h>
        volatile int n = 1, m;
        {WIDE_SUM}
        __attribute__((constructor)) static void ask(void) {{
            unsigned p, q, c, d; __get_cpuid(0, &p, &q, &c, &d); m = q; }}
        static int k(int *a, int b) {{ if (n) return w(a, b); return 0; }}
        {ENTRY_USES}""",
}
ENTRIES = {
    "plain": EMPTY,
    "data": f"{SHOWN} int create_extensions = 5;",
    "constant": f"{SHOWN} const int create_extensions = 5;",
    "zeroed": f"{SHOWN} int create_extensions[8];",
    "thread_local": f"{SHOWN} __thread int create_extensions = 5;",
    "weak": f"__attribute__((weak)) {EMPTY}",
    "protected": '__attribute__((visibility("protected"))) void create_extensions(void *v) {}',
    "hidden": "void create_extensions(void *v) {}",
    "absent": "void other(void) {}",
    "ifunc": f"""
        static void e(void *v) {{}}
        static void *r(void) {{ return e; }}
        {SHOWN} void create_extensions(void *) __attribute__((ifunc("r")));""",
    "alias": f'static void e(void *v) {{}} {SHOWN} void create_extensions(void *) __attribute__((alias("e")));',
    "assembly": assembly(r".text\n.globl create_extensions\ncreate_extensions: ret\n"),
    "falls_through": assembly(
        r".text\n.globl create_extensions\n.type create_extensions,@function\ncreate_extensions: nop\n"
        r".size create_extensions,.-create_extensions\n.type g_,@function\ng_: ret\n.size g_,.-g_\n"
    ),
    "aborts": f"void abort(void); {ENTRY} {{ abort(); }}",
    "constructor_aborts": f"void abort(void); __attribute__((constructor)) static void h(void) {{ abort(); }} {EMPTY}",
    "calls_itself_off": f"__attribute__((noreturn)) void _exit(int); {ENTRY} {{ _exit(3); }}",
}
UNDEFINED = {
    "function": f"void nowhere(void); {ENTRY} {{ nowhere(); }}",
    "variable": f"extern int nowhere; {ENTRY} {{ nowhere = 1; }}",
    "weak": f"__attribute__((weak)) void nowhere(void); {ENTRY} {{ if (nowhere) nowhere(); }}",
    "unused_pointer": f"void nowhere(void); {SHOWN} void *volatile p = (void *)nowhere; {EMPTY}",
    "of_libc": f"int getpid(void); {ENTRY} {{ getpid(); }}",
    "of_libm_unlinked": f"double cos(double); volatile double x; {ENTRY} {{ x = cos(x); }}",
    "of_ov": f'void f(void) __asm__("_ZN2ov4Nide3fooEv"); {ENTRY} {{ f(); }}',
    "mentions_ov": f'void f(void) __asm__("_Z6helperN2ov6TensorE"); {ENTRY} {{ f(); }}',
    "thread_local": f"extern __thread int nowhere; {ENTRY} {{ nowhere = 1; }}",
}
HERE = ("m", "mvec", "dl", "pthread", "rt", "util", "resolv", "stdc++", "gcc_s", "z", "gomp")


def _linking(name: str, flags: str = "", *, gone: bool = True, extra: tuple[str, ...] = ()) -> Case:
    """A library that needs a stub of that file name."""
    link = (*LINK, "-Wl,--no-as-needed", "-L.", f"-l:{name}", *extra)
    return Case("", EMPTY, linked=link, beside={name: flags}, gone=(name,) if gone else ())


def _with_version(library: str, version: str, soname: str = "") -> Case:
    """A library that requires a version of a symbol of the library with that name, which a stub stands for."""
    stub = f"stub-{version}-{library}"
    linked = (*LINK, "-Wl,--no-as-needed,--allow-shlib-undefined", "-L.", f"-l:{stub}")
    source = f"__attribute__((weak)) void stub_function(void); {ENTRY} {{ if (stub_function) stub_function(); }}"
    return Case("", source, linked=linked, beside={stub: f"{soname or library}={version}"}, gone=(stub,))


VERSIONS = [
    *(("libc.so.6", one) for one in ("GLIBC_2.2.5", "GLIBC_2.28", "GLIBC_2.99", "GLIBC_2.1", "GLIBC_PRIVATE")),
    *(("libc.so.6", one) for one in ("GLIBC_ABI_DT_RELR", "GLIBC_ABI_NEW", "GLIBCXX_3.4", "MUSL_1")),
    *(("libstdc++.so.6", one) for one in ("GLIBCXX_3.4", "GLIBCXX_3.4.99", "GLIBCXX_LDBL_3.4", "CXXABI_TM_1")),
    *(("libstdc++.so.6", one) for one in ("CXXABI_1.3", "CXXABI_1.9", "CXXABI_FLOAT128", "CXXABI_LDBL_1.3")),
    *(("libgcc_s.so.1", one) for one in ("GCC_3.0", "GCC_4.8.0", "GCC_14.9.0", "GCC_99.0.0", "LIBGCC_1")),
    *(("libm.so.6", one) for one in ("GLIBC_2.2.5", "GLIBC_2.98")),
    *(("libz.so.1", one) for one in ("ZLIB_1.2.9", "ZLIB_9.9")),
]


def _without_section_headers(file: Path) -> None:
    data = bytearray(file.read_bytes())
    struct.pack_into("<Q", data, 40, 0)
    struct.pack_into("<HHH", data, 58, 0, 0, 0)
    file.write_bytes(bytes(data))


def _with_nonsense_section_headers(file: Path) -> None:
    data = bytearray(file.read_bytes())
    struct.pack_into("<Q", data, 40, len(data) * 2)
    file.write_bytes(bytes(data))


def _stripped(file: Path) -> None:
    subprocess.run(["/usr/bin/strip", str(file)], check=True)


def _named(prefix: str, name: str, case: Case) -> Case:
    return replace(case, name=f"{prefix}_{name}")


def _code() -> Iterator[Case]:
    for name, text in INSTRUCTIONS.items():
        yield Case(f"instruction_{name}", inside(text))
    for name, source in POSITIONS.items():
        yield Case(f"position_{name}", source)
        yield Case(f"position_{name}_stripped", source, after=_stripped)
    for name, source in DATA.items():
        yield Case(f"data_{name}", source)
        yield Case(f"data_{name}_stripped", source, after=_stripped)
    for name, source in GUARDED.items():
        yield Case(f"guarded_{name}", source, ("-O3",))
        yield Case(f"guarded_{name}_stripped", source, ("-O3",), after=_stripped)
    for name, source in WRONGLY_GUARDED.items():
        yield Case(f"wrongly_guarded_{name}", source, ("-O3",))
    for name, source in CPP.items():
        yield Case(name, source, language="cpp")
        yield Case(f"{name}_unoptimised", source, ("-O0",), language="cpp")
    for name, source in VARIANTS.items():
        yield Case(f"variant_{name}", source)
        yield Case(f"variant_{name}_stripped", source, after=_stripped)
    yield Case("position_by_name", BY_NAME, language="cpp")
    packed = (*LINK, "-Wl,-z,pack-relative-relocs")
    yield Case("position_constructor_packed", POSITIONS["constructor"], linked=packed)
    loop = f"volatile float a[64]; {ENTRY} {{ for (int i = 0; i < 64; ++i) a[i] *= 3; }}"
    for march in ("x86-64", "nehalem", "haswell"):
        yield Case(f"march_{march}", loop, (f"-march={march}",))


def _symbols() -> Iterator[Case]:
    for name, source in ENTRIES.items():
        yield Case(f"entry_{name}", source)
    for name, source in UNDEFINED.items():
        yield Case(f"undefined_{name}", source)
    for library, version in VERSIONS:
        yield _named("version", f"{version}_{library}", _with_version(library, version))
    for size in (64, 1024, 8192, 100_000):
        data = f"static volatile __thread char t[{size}]"
        yield Case(f"dynamic_tls_{size}", f"{data}; {ENTRY} {{ t[5] = 1; }}")
        yield Case(f"static_tls_{size}", f'{data} __attribute__((tls_model("initial-exec"))); {ENTRY} {{ t[5] = 1; }}')


def _needs() -> Iterator[Case]:
    for name in HERE:
        yield Case(f"needs_{name.replace('+', 'x')}", EMPTY, linked=(*LINK, "-Wl,--no-as-needed", f"-l{name}"))
    for name in ("libmissing.so.3", "libc.musl-x86_64.so.1", "libc.so", "libopenvino.so.1", "libtbb.so.2"):
        yield _named("needs", f"missing_{name}", _linking(name))
    for name in ("libopenvino_onnx_frontend.so.2641", "libopenvino_c.so.2641", "libtbb.so.12", "libtbbmalloc.so.2"):
        yield _named("needs", name, _linking(name))
    yield _named("needs", "path", _linking("liba.so", "soname=/etc/passwd"))
    yield _named("needs", "escape", _linking("liba.so", "soname=lib\x1b[2Jx\nloads on: everything"))
    origin = ("-Wl,-rpath,$ORIGIN",)
    yield _named("needs", "beside", _linking("libbeside.so", gone=False, extra=origin))
    yield _named("needs", "beside_without_run_path", _linking("libalone.so", gone=False))
    yield _named("needs", "beside_deleted", _linking("libgone.so", extra=origin))
    yield _named("needs", "beside_elsewhere", _linking("libother.so", gone=False, extra=("-Wl,-rpath,$ORIGIN/no",)))


def _demangled_to_gigabytes() -> Case:
    """A name of 300 letters, each part of which repeats the one before it twice."""
    digits = ["", *"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
    parts = "".join(f"S{digits[k]}_IS{digits[k + 1]}_S{digits[k + 1]}_E" for k in range(24))
    return Case("demangled", f'void f(void) __asm__("_Z1fSt4pairIiiE{parts}"); {SHOWN} void f(void) {{}} {EMPTY}')


HELPERS = {
    "good": f"{SHOWN} void help(void) {{}}",
    "lacks_a_symbol": f"void nowhere(void); {SHOWN} void help(void) {{ nowhere(); }}",
    "wide": f"{SHOWN} void help(void) {{ {WIDE_C} }}",
    "wide_constructor": f"__attribute__((constructor)) static void h(void) {{ {WIDE_C} }} {SHOWN} void help(void) {{}}",
    "other": "void another(void) {}",
}


def _helpers() -> Iterator[Case]:
    linked = (*LINK, "-Wl,-rpath,$ORIGIN,--no-as-needed,--allow-shlib-undefined", "-L.", "-lhelper")
    for name, source in HELPERS.items():
        yield Case(f"helper_{name}", f"void help(void); {ENTRY} {{ help(); }}", linked=linked, helper=source)


def _links() -> Iterator[Case]:
    for flag in ("nodlopen", "execstack", "norelro", "now", "lazy", "nodelete", "initfirst", "pack-relative-relocs"):
        yield Case(f"link_{flag}", EMPTY, linked=(*LINK, f"-Wl,-z,{flag}"))
    for level in ("v2", "v3", "v4"):
        yield Case(f"marker_{level}", EMPTY, linked=(*LINK, f"-Wl,-z,x86-64-{level}"))
    yield Case("link_program", EMPTY + " int main(void) { return 0; }", linked=("-pie", "-Wl,-E"))
    for style, after in product(("sysv", "gnu", "both"), (None, _without_section_headers)):
        name = f"hash_{style}{'_without_sections' if after else ''}"
        yield Case(name, UNDEFINED["function"], linked=(*LINK, f"-Wl,--hash-style={style}"), after=after)
    for name in ("called", "constructor", "switch"):
        yield Case(f"position_{name}_without_sections", POSITIONS[name], after=_without_section_headers)
    yield _demangled_to_gigabytes()
    yield Case(
        "static_tls_aligned",
        EMPTY.replace("{}", "{ t[5] = 1; }").join(
            ['static volatile __thread char t[64] __attribute__((tls_model("initial-exec"), aligned(128))); ', ""]
        ),
    )
    yield Case("filter", EMPTY, linked=(*LINK, "-Wl,-F,libmissing.so.7"))
    yield Case("no_default_libraries", EMPTY, linked=(*LINK, "-Wl,--no-as-needed,-z,nodefaultlib", "-lz"))
    yield Case("absolute_entry", assembly(r".globl create_extensions\n.set create_extensions, 0x1000\n"))
    yield Case("clean_without_sections", EMPTY, after=_without_section_headers)
    yield Case("clean_with_nonsense_sections", EMPTY, after=_with_nonsense_section_headers)


CASES = {case.name: case for case in (*_code(), *_symbols(), *_needs(), *_helpers(), *_links())}


def build(case: Case, folder: Path) -> Path:
    """Compile and link the library in `folder`, which is its own."""
    folder.mkdir()
    for name, stub in case.beside.items():
        _build_stub(name, stub, folder)
    if case.helper:
        command = ["/usr/bin/gcc", "-w", *FLAGS, "-x", "c", "-", "-o", "libhelper.so", *LINK]
        subprocess.run(command, cwd=folder, input=case.helper, text=True, check=True)
    source = folder / f"source.{case.language}"
    source.write_text(case.source + "\n", encoding="utf-8")
    compiler = "/usr/bin/g++" if case.language == "cpp" else "/usr/bin/gcc"
    command = [compiler, "-w", *FLAGS, *case.flags, source.name, "-o", "case.so", *case.linked]
    subprocess.run(command, cwd=folder, check=True)
    for name in case.gone:
        (folder / name).unlink()
    file = folder / "case.so"
    if case.after:
        case.after(file)
    return file


def _build_stub(name: str, stub: str, folder: Path) -> None:
    """A library to link with: `stub` is empty, soname=NAME, or NAME=VERSION of a symbol that it defines."""
    first, _, second = stub.partition("=")
    soname = second if first == "soname" else first or name
    flags = [f"-Wl,-soname,{soname}"]
    if second and first != "soname":
        (folder / "versions").write_text(f"{second} {{ stub_function; }};\n", encoding="utf-8")
        flags.append("-Wl,--version-script,versions")
    source = "void stub_function(void) {}"
    command = ["/usr/bin/gcc", "-shared", "-fPIC", "-nostdlib", "-x", "c", "-", "-o", name, *flags]
    subprocess.run(command, cwd=folder, input=source, text=True, check=True)
