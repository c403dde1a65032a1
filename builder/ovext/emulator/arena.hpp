// Calls with a chosen number of threads, as ovext's worker/tasks/arena.py does it: oneTBB's headers may be missing.
#pragma once

#include <dlfcn.h>
#include <cstddef>
#include <cstdint>

/// Where OpenVINO divides work among `threads` threads. Without oneTBB it divides as it likes.
class Arena {
public:
    explicit Arena(int threads) {
        base_.max_concurrency = threads;
        void* tbb = dlopen("libtbb.so.12", RTLD_NOW | RTLD_NOLOAD);
        if (tbb != nullptr) {
            initialize_ = find(tbb, "_ZN3tbb6detail2r110initializeERNS0_2d115task_arena_baseE");
            terminate_ = find(tbb, "_ZN3tbb6detail2r19terminateERNS0_2d115task_arena_baseE");
            execute_ = reinterpret_cast<Execute>(
                dlsym(tbb, "_ZN3tbb6detail2r17executeERNS0_2d115task_arena_baseERNS2_13delegate_baseE"));
        }
    }

    /// Calls the function, which must not throw.
    template <typename Function>
    void run(Function function) {
        if (initialize_ == nullptr || terminate_ == nullptr || execute_ == nullptr) {
            function();
            return;
        }
        const Call<Function> call(function);
        initialize_(&base_);
        execute_(&base_, &call);
        terminate_(&base_);
    }

private:
    /// tbb::detail::d1::task_arena_base, with room for members that later releases add.
    struct Base {
        std::intptr_t version_and_traits = 0;
        int state = 0;
        void* arena = nullptr;
        int max_concurrency = 1;
        unsigned reserved_slots = 1;
        int priority = 2 * (0x7fffffff / 4);
        int numa_id = -1;
        int core_type = -1;
        int max_threads_per_core = -1;
        char later[64] = {};
    };

    /// tbb::detail::d1::delegate_base: only the first virtual function is called.
    struct Delegate {
        virtual bool operator()() const = 0;
        virtual ~Delegate() = default;
    };
    template <typename Function>
    struct Call final : Delegate {
        explicit Call(Function& called)
            : function(called) {
        }
        bool operator()() const override {
            function();
            return true;
        }
        Function& function;
    };

    using Change = void (*)(Base*);
    using Execute = void (*)(Base*, const Delegate*);

    static Change find(void* library, const char* name) {
        return reinterpret_cast<Change>(dlsym(library, name));
    }

    Base base_;
    Change initialize_ = nullptr;
    Change terminate_ = nullptr;
    Execute execute_ = nullptr;
};
