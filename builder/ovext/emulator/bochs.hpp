// The C interface of Bochs' CPU, as the Python package bochscpu 0.4 exports it (bochscpu-ffi; Bochs itself is C++).
#pragma once

#include <dlfcn.h>
#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace bochs {

struct Segment {
    bool present;
    std::uint16_t selector;
    std::uint64_t base;
    std::uint32_t limit;
    std::uint16_t attributes;
};

struct Table {
    std::uint64_t base;
    std::uint16_t limit;
};

struct X87Register {
    std::uint64_t fraction;
    std::uint16_t exponent;
};

struct State {
    std::uint64_t seed;
    std::uint64_t rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15, rip, rflags;
    Segment es, cs, ss, ds, fs, gs, ldtr, tr;
    Table gdtr, idtr;
    std::uint32_t cr0;
    std::uint64_t cr2, cr3;
    std::uint32_t cr4;
    std::uint64_t cr8, dr0, dr1, dr2, dr3;
    std::uint32_t dr6, dr7, xcr0;
    std::array<std::array<std::uint64_t, 8>, 32> zmm;
    std::uint16_t fpcw, fpsw, fptw, fpop;
    std::array<X87Register, 8> fpst;
    std::uint32_t mxcsr, mxcsr_mask;
    std::uint64_t tsc;
    std::uint32_t efer;
    std::uint64_t kernel_gs_base, apic_base, pat, sysenter_cs, sysenter_eip, sysenter_esp, star, lstar, cstar, sfmask,
        tsc_aux;
};

/// What Bochs calls; the functions that are not used have no type here.
struct Hooks {
    using Unused = void (*)();
    void* context;
    Unused before_exception[9];
    void (*exception)(void* context, std::uint32_t cpu, std::uint32_t vector, std::uint32_t error);
    Unused before_execution_hooks[5];
    void (*before_execution)(void* context, std::uint32_t cpu, void* instruction);
    Unused rest[9];
};

/// The functions of the shared library.
class Library {
public:
    /// Throws std::runtime_error when the library lacks one of them.
    explicit Library(const char* path)
        : handle_(dlopen(path, RTLD_NOW | RTLD_NOLOAD)) {
        if (handle_ == nullptr) {
            throw std::runtime_error(dlerror());
        }
        find(cpu_new, "bochscpu_cpu_new");
        find(run, "bochscpu_cpu_run");
        find(stop, "bochscpu_cpu_stop");
        find(state, "bochscpu_cpu_state");
        find(set_state, "bochscpu_cpu_set_state");
        find(rip, "bochscpu_cpu_rip");
        find(set_rip, "bochscpu_cpu_set_rip");
        find(rsp, "bochscpu_cpu_rsp");
        find(set_rsp, "bochscpu_cpu_set_rsp");
        find(cr2, "bochscpu_cpu_cr2");
        find(insert_page, "bochscpu_mem_page_insert");
        find(remove_page, "bochscpu_mem_page_remove");
        find(parameter, "sim_get_param_enum");
        find(set_parameter, "_ZN15bx_param_enum_c3setEl");
    }

    void* (*cpu_new)(std::uint32_t id);
    void (*run)(void* cpu, Hooks** hooks);
    void (*stop)(void* cpu);
    void (*state)(void* cpu, State* state);
    void (*set_state)(void* cpu, const State* state);
    std::uint64_t (*rip)(void* cpu);
    void (*set_rip)(void* cpu, std::uint64_t value);
    std::uint64_t (*rsp)(void* cpu);
    void (*set_rsp)(void* cpu, std::uint64_t value);
    std::uint64_t (*cr2)(void* cpu);
    void (*insert_page)(std::uint64_t physical, std::uint64_t address);
    void (*remove_page)(std::uint64_t physical);
    void* (*parameter)(const char* name);
    void (*set_parameter)(void* parameter, long value);

private:
    template <typename Function>
    void find(Function& function, const char* name) {
        function = reinterpret_cast<Function>(dlsym(handle_, name));
        if (function == nullptr) {
            throw std::runtime_error(std::string("this bochscpu has no function ") + name);
        }
    }

    void* handle_;
};

}  // namespace bochs
