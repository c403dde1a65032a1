"""The CPUs that can be emulated, and what each emulator calls them."""

from __future__ import annotations

from dataclasses import dataclass

NATIVE = "native"  # this machine's


@dataclass(frozen=True)
class CpuModel:
    """A CPU, by the name that GCC's -march has for it.

    `qemu` and `sde` are the values of `qemu-x86_64 -cpu` and the option of Intel SDE. `bochs` is the number of the
    model in bochscpu, and `xcr0` the registers that an operating system saves on such a CPU: 0 without XSAVE. glibc
    chooses functions by the CPU of this machine before the emulation begins; `glibc_without` are the features that it
    must not use, by its own names.
    """

    name: str
    qemu: str | None
    sde: str
    bochs: int
    xcr0: int
    glibc_without: tuple[str, ...] = ()

    def emulator_environment(self) -> dict[str, str]:
        """The variables of a process in which bochscpu emulates this CPU."""
        without = ",".join(f"-{name},-{name}_Usable" for name in self.glibc_without)  # _Usable before glibc 2.33
        # Lazy binding would go through code of the loader that is for this machine's CPU.
        return {"LD_BIND_NOW": "1", "GLIBC_TUNABLES": f"glibc.cpu.hwcaps={without}"}


_AVX512 = ("AVX512F", "AVX512VL", "AVX512BW", "AVX512DQ", "AVX512CD")
_AVX = ("AVX_Fast_Unaligned_Load", "AVX2", "AVX", "FMA", "FMA4", "BMI1", "BMI2", "LZCNT", "MOVBE")
_ALL = (
    CpuModel("nehalem", "Nehalem", "-nhm", 17, 0, (*_AVX512, *_AVX)),
    CpuModel("haswell", "Haswell", "-hsw", 24, 0x7, _AVX512),
    CpuModel("skylake-avx512", None, "-skx", 26, 0xE7),
)
CPU_MODELS = {one.name: one for one in _ALL}
