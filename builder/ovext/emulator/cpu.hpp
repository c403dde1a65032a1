// Calls functions of this process on an emulated CPU, in the memory of this process.
#pragma once

#include "memory.hpp"

#include <cstdint>
#include <thread>

/// How a call ended.
enum class End : std::uint8_t { returned, fault, endless, starts_thread };

/// What a call did.
struct Outcome {
    std::uint64_t instructions;  ///< executed in the watched code
    std::uint64_t address;       ///< of a page fault
    std::uint64_t instruction;   ///< where it ended
    std::uint32_t vector;        ///< of a fault: 6 an unknown instruction, 14 a page fault, others as the CPU has them
    std::uint32_t error;         ///< the CPU's error code
    End end;
    bool overflow;  ///< whether the page fault is below the stack
};

/// A model of bochscpu and the registers that the operating system saves on such a CPU.
struct Model {
    std::uint32_t number;
    std::uint32_t xcr0;  ///< 0 on a CPU without XSAVE
};

class EmulatedCpu {
public:
    /// Throws std::runtime_error when `bochs_path` is not a bochscpu that this code knows, or is not loaded.
    EmulatedCpu(const char* bochs_path, Model model);

    /// Counts what is executed from `begin` to `end`, and sets a byte of `executed` for each address where an
    /// instruction was.
    void watch(std::uint64_t begin, std::uint64_t end, std::uint8_t* executed);

    /// Calls function(argument), which may execute at most `budget` instructions.
    Outcome call(std::uint64_t function, std::uint64_t argument, std::uint64_t budget);

private:
    enum class Stop : std::uint8_t { none, returned, system_call, exception, budget };

    bool is_watched(std::uint64_t address) const;
    void on_instruction();
    void prepare(std::uint64_t function, std::uint64_t argument);
    bool resolve_fault();
    void do_system_call();
    void note_memory(const bochs::State& asked, std::uint64_t result);

    bochs::Library bochs_;
    GuestMemory memory_;
    Model model_;
    void* cpu_ = nullptr;
    std::uint64_t thread_pointer_ = 0;
    std::uint8_t* stack_ = nullptr;

    Stop stop_ = Stop::none;
    Outcome outcome_{};
    bool starts_thread_ = false;
    std::uint64_t executed_ = 0;
    std::uint64_t budget_ = 0;
    std::uint64_t rip_ = 0;  // of the instruction that is executed, and the stack pointer before it
    std::uint64_t rsp_ = 0;
    std::uint64_t watched_begin_ = 0;
    std::uint64_t watched_end_ = 0;
    std::uint8_t* watched_ = nullptr;
};
