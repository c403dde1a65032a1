#include "cpu.hpp"

#include <asm/prctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <xmmintrin.h>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <mutex>

// Where a call returns to, and where `syscall` leads: the emulation stops before it executes these.
extern "C" void ovext_returned();
extern "C" void ovext_system_call();
__asm__(
    ".text\n"
    "ovext_returned: hlt\n"
    "ovext_system_call: hlt\n");

namespace {

constexpr std::size_t stack_size = std::size_t{8} << 20;
constexpr std::size_t below_stack = std::size_t{64} << 20;  // addresses that no code may touch
constexpr std::uint32_t page_fault = 14;
constexpr std::uint32_t fault_is_write = 2;
constexpr std::uint32_t fault_is_fetch = 16;
constexpr std::uint64_t cr0 = 0x80050033;   // protected mode, paging, SSE and x87 without emulation
constexpr std::uint64_t cr4 = 0x620;        // 64-bit page tables, SSE
constexpr std::uint64_t osxsave = 1 << 18;  // of cr4
constexpr std::uint64_t efer = 0xd01;       // 64-bit mode, syscall, pages that are not executable

constexpr bochs::Segment segment(std::uint16_t selector, std::uint16_t attributes, std::uint64_t base = 0) {
    return {true, selector, base, 0xffffffff, attributes};
}
constexpr bochs::Segment user_code = segment(0x33, 0x22fb);
constexpr bochs::Segment user_data = segment(0x2b, 0xcf3);

std::uint64_t address_of(void (*function)()) {
    return reinterpret_cast<std::uint64_t>(function);
}

std::int64_t native_system_call(const bochs::State& state) {
    std::int64_t result = 0;
    register std::uint64_t r10 __asm__("r10") = state.r10;
    register std::uint64_t r8 __asm__("r8") = state.r8;
    register std::uint64_t r9 __asm__("r9") = state.r9;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(state.rax), "D"(state.rdi), "S"(state.rsi), "d"(state.rdx), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

bool starts_thread(std::uint64_t number) {
    return number == SYS_clone || number == SYS_fork || number == SYS_vfork || number == SYS_clone3;
}

GuestMemory::Rights rights_of(std::uint64_t protection) {
    return {(protection & PROT_READ) != 0, (protection & PROT_WRITE) != 0, (protection & PROT_EXEC) != 0};
}

/// The thread pointer of a thread that waits for ever: the guest has that thread's malloc arena and its other
/// thread-local variables, since those of a running thread would change while the guest uses them.
std::uint64_t parked_thread() {
    struct Shared {
        std::mutex mutex;
        std::condition_variable changed;
        std::uint64_t thread_pointer = 0;
    };
    static auto& shared = *new Shared;  // for ever, too
    std::thread([] {
        std::uint64_t pointer = 0;
        syscall(SYS_arch_prctl, ARCH_GET_FS, &pointer);
        ::operator delete(::operator new(1000));  // gives the thread its arena
        std::unique_lock lock(shared.mutex);
        shared.thread_pointer = pointer;
        shared.changed.notify_all();
        shared.changed.wait(lock, [] {
            return false;
        });
    }).detach();
    std::unique_lock lock(shared.mutex);
    shared.changed.wait(lock, [] {
        return shared.thread_pointer != 0;
    });
    return shared.thread_pointer;
}

}  // namespace

EmulatedCpu::EmulatedCpu(const char* bochs_path, Model model)
    : bochs_(bochs_path),
      memory_(bochs_),
      model_(model) {
    bochs_.set_parameter(bochs_.parameter("cpu.model"), model.number);
    cpu_ = bochs_.cpu_new(0);
    thread_pointer_ = parked_thread();
    void* room = mmap(nullptr, below_stack + stack_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    stack_ = static_cast<std::uint8_t*>(room) + below_stack;
    if (room == MAP_FAILED || mprotect(stack_, stack_size, PROT_READ | PROT_WRITE) != 0) {
        throw std::runtime_error("there is no memory for a stack");
    }
}

void EmulatedCpu::watch(std::uint64_t begin, std::uint64_t end, std::uint8_t* executed) {
    watched_begin_ = begin;
    watched_end_ = end;
    watched_ = executed;
}

Outcome EmulatedCpu::call(std::uint64_t function, std::uint64_t argument, std::uint64_t budget) {
    bochs::Hooks hooks{};
    hooks.context = this;
    hooks.before_execution = [](void* self, std::uint32_t, void*) {
        static_cast<EmulatedCpu*>(self)->on_instruction();
    };
    hooks.exception = [](void* context, std::uint32_t, std::uint32_t vector, std::uint32_t error) {
        auto* self = static_cast<EmulatedCpu*>(context);
        self->stop_ = Stop::exception;
        self->outcome_.vector = vector;
        self->outcome_.error = error;
        self->bochs_.stop(self->cpu_);
    };
    bochs::Hooks* list[] = {&hooks, nullptr};
    outcome_ = {};
    executed_ = 0;
    starts_thread_ = false;
    budget_ = budget;
    memory_.update();
    prepare(function, argument);
    while (true) {
        stop_ = Stop::none;
        bochs_.run(cpu_, list);
        outcome_.instruction = rip_;
        if (stop_ == Stop::returned) {
            outcome_.end = starts_thread_ ? End::starts_thread : End::returned;
            return outcome_;
        }
        if (stop_ == Stop::budget) {
            outcome_.end = End::endless;
            return outcome_;
        }
        if (stop_ == Stop::exception && !resolve_fault()) {
            outcome_.end = End::fault;
            return outcome_;
        }
        if (stop_ == Stop::system_call) {
            do_system_call();
        }
    }
}

bool EmulatedCpu::is_watched(std::uint64_t address) const {
    return address - watched_begin_ < watched_end_ - watched_begin_;
}

void EmulatedCpu::on_instruction() {
    rip_ = bochs_.rip(cpu_);
    rsp_ = bochs_.rsp(cpu_);
    if (is_watched(rip_)) {
        ++outcome_.instructions;
        watched_[rip_ - watched_begin_] = 1;
    }
    if (rip_ == address_of(ovext_returned)) {
        stop_ = Stop::returned;
    } else if (rip_ == address_of(ovext_system_call)) {
        stop_ = Stop::system_call;
    } else if (++executed_ > budget_) {
        stop_ = Stop::budget;
    } else {
        return;
    }
    bochs_.stop(cpu_);
}

void EmulatedCpu::prepare(std::uint64_t function, std::uint64_t argument) {
    std::uint8_t* top = stack_ + stack_size - sizeof(std::uint64_t);  // as after a call: 8 from a multiple of 16
    const auto back = address_of(ovext_returned);
    std::memcpy(top, &back, sizeof(back));
    bochs::State state{};
    bochs_.state(cpu_, &state);
    state.cr0 = cr0;
    state.cr4 = cr4 | (model_.xcr0 == 0 ? 0 : osxsave);
    state.xcr0 = model_.xcr0;
    state.cr3 = GuestMemory::root;
    state.efer = efer;
    state.star = (std::uint64_t{0x23} << 48) | (std::uint64_t{0x10} << 32);
    state.lstar = address_of(ovext_system_call);
    state.sfmask = 0;
    state.mxcsr = _mm_getcsr();
    state.mxcsr_mask = 0xffff;
    state.fpcw = 0x37f;
    state.fpsw = 0;
    state.fptw = 0xffff;
    state.cs = user_code;
    state.ss = state.ds = state.es = state.gs = user_data;
    state.fs = segment(0x2b, 0xcf3, thread_pointer_);
    state.rip = function;
    state.rsp = reinterpret_cast<std::uint64_t>(top);
    state.rdi = argument;
    state.rflags = 0x202;
    bochs_.set_state(cpu_, &state);
}

/// Whether the guest can go on after an exception, since its page tables only had not been filled.
bool EmulatedCpu::resolve_fault() {
    if (outcome_.vector != page_fault) {
        return false;
    }
    const bool is_fetch = (outcome_.error & fault_is_fetch) != 0;
    outcome_.address = bochs_.cr2(cpu_);
    if (!memory_.map(outcome_.address, (outcome_.error & fault_is_write) != 0, is_fetch)) {
        outcome_.overflow = reinterpret_cast<std::uint64_t>(stack_) - outcome_.address <= below_stack;
        return false;
    }
    if (is_fetch) {
        bochs::State state{};
        bochs_.state(cpu_, &state);
        state.rip = outcome_.address;
        bochs_.set_state(cpu_, &state);  // Bochs then looks up the page of code again
    } else {
        bochs_.set_rip(cpu_, rip_);
        bochs_.set_rsp(cpu_, rsp_);
        outcome_.instructions -= is_watched(rip_) ? 1 : 0;  // it comes again
    }
    return true;
}

/// Lets this process do what the guest asks the system for. Threads and processes are refused, as if there were too
/// many of them, so that the guest comes back and releases its locks.
void EmulatedCpu::do_system_call() {
    bochs::State state{};
    bochs_.state(cpu_, &state);
    if (starts_thread(state.rax)) {
        starts_thread_ = true;
        state.rax = static_cast<std::uint64_t>(-EAGAIN);
    } else {
        const auto asked = state;
        state.rax = static_cast<std::uint64_t>(native_system_call(state));
        note_memory(asked, state.rax);
    }
    state.rip = state.rcx;
    state.rflags = state.r11;
    state.cs = user_code;
    state.ss = user_data;
    bochs_.set_state(cpu_, &state);
}

/// What a system call has changed in the memory of this process.
void EmulatedCpu::note_memory(const bochs::State& asked, std::uint64_t result) {
    if (static_cast<std::int64_t>(result) < 0 && static_cast<std::int64_t>(result) > -4096) {
        return;
    }
    switch (asked.rax) {
        case SYS_mmap:
            memory_.change(result, result + asked.rsi, rights_of(asked.rdx));
            break;
        case SYS_munmap:
            memory_.change(asked.rdi, asked.rdi + asked.rsi, {});
            break;
        case SYS_mprotect:
            memory_.change(asked.rdi, asked.rdi + asked.rsi, rights_of(asked.rdx));
            break;
        case SYS_mremap:
        case SYS_brk:
        case SYS_shmat:
        case SYS_shmdt:
            memory_.update();
            break;
        default:
            break;
    }
}
