// The memory of this process as the emulated CPU sees it: the same addresses, with the same rights.
#pragma once

#include "bochs.hpp"

#include <array>
#include <cstdint>
#include <vector>

/// Page tables that are filled as pages are touched.
class GuestMemory {
public:
    explicit GuestMemory(const bochs::Library& library);
    GuestMemory(const GuestMemory&) = delete;
    GuestMemory& operator=(const GuestMemory&) = delete;

    /// The physical address of the page tables, for CR3.
    static constexpr std::uint64_t root = 0x1000;

    /// Makes the page of `address` known, with all code around it. False if that changes nothing, or if this process
    /// may not do the same: then the fault is the guest's own.
    bool map(std::uint64_t address, bool is_write, bool is_fetch);

    /// Forgets the pages that are no longer there or have other rights, because this process may have changed them.
    void update();

private:
    struct Range {
        std::uint64_t begin, end;
        bool can_read, can_write, can_execute;

        bool operator==(const Range& other) const;
    };
    struct Page {
        std::uint64_t address, physical;
        Range range;
    };
    using TablePage = std::array<std::uint64_t, 512>;

    bool insert(std::uint64_t page, const Range& range);
    const Range* range_of(std::uint64_t address);
    void read_ranges();
    std::uint64_t new_table();
    std::uint64_t& entry_of(std::uint64_t page);

    const bochs::Library& library_;
    std::vector<Range> ranges_;
    std::vector<TablePage*> tables_;  // for root, root + a page, ...
    std::vector<Page> pages_;
    std::uint64_t next_page_ = 1 << 30;  // never the same one twice, since Bochs remembers the instructions of a page
};
