// The memory of this process as the emulated CPU sees it: the same addresses, with the same rights.
#pragma once

#include "bochs.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <vector>

/// Page tables that are filled as pages are touched.
class GuestMemory {
public:
    struct Rights {
        bool read, write, execute;

        bool operator==(const Rights& other) const;
    };

    explicit GuestMemory(const bochs::Library& library);
    GuestMemory(const GuestMemory&) = delete;
    GuestMemory& operator=(const GuestMemory&) = delete;

    /// The physical address of the page tables, for CR3.
    static constexpr std::uint64_t root = 0x1000;

    /// Makes the page of `address` known, with some that follow, or with all code around it. False if that changes
    /// nothing, or if this process may not do the same: then the fault is the guest's own.
    bool map(std::uint64_t address, bool is_write, bool is_fetch);

    /// Reads what this process has, which may have changed. Pages that are no longer there are forgotten.
    void update();

    /// Notes that the addresses from `begin` to `end` have other content, and these rights; none if they are free.
    void change(std::uint64_t begin, std::uint64_t end, Rights rights);

private:
    struct Range {
        std::uint64_t end;
        Rights rights;
    };
    struct Page {
        std::uint64_t physical;
        Range range;
    };
    using Ranges = std::map<std::uint64_t, Range>;  // by their begin
    using TablePage = std::array<std::uint64_t, 512>;

    bool insert(std::uint64_t page, const Range& range);
    void forget(std::map<std::uint64_t, Page>::iterator page);
    Ranges::iterator range_of(std::uint64_t address);
    void split(std::uint64_t address);
    void read_ranges();
    std::uint64_t new_table();
    std::uint64_t& entry_of(std::uint64_t page);

    const bochs::Library& library_;
    Ranges ranges_;
    std::vector<TablePage*> tables_;       // for root, root + a page, ...
    std::map<std::uint64_t, Page> pages_;  // by their address
    std::uint64_t next_page_ = 1 << 30;    // never the same one twice, since Bochs remembers the instructions of a page
};
