#include "memory.hpp"

#include <sys/mman.h>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace {

constexpr std::uint64_t page_size = 4096;
constexpr std::uint64_t present = 1;
constexpr std::uint64_t writable = 2;
constexpr std::uint64_t of_user = 4;
constexpr std::uint64_t not_executable = std::uint64_t{1} << 63;
constexpr std::uint64_t address_bits = 0x000ffffffffff000;
constexpr std::uint64_t end_of_user = std::uint64_t{1} << 47;

}  // namespace

GuestMemory::GuestMemory(const bochs::Library& library)
    : library_(library) {
    new_table();
}

bool GuestMemory::map(std::uint64_t address, bool is_write, bool is_fetch) {
    if (address >= end_of_user) {
        return false;
    }
    const std::uint64_t page = address & ~(page_size - 1);
    const auto* range = range_of(page);
    if (range == nullptr || !range->can_read || (is_write && !range->can_write) || (is_fetch && !range->can_execute)) {
        return false;
    }
    const bool is_new = insert(page, *range);
    if (is_new && range->can_execute) {
        // An instruction that lies in two pages could not be fetched again if the second one were missing.
        for (auto other = range->begin; other < range->end; other += page_size) {
            insert(other, *range);
        }
    }
    return is_new;
}

void GuestMemory::update() {
    read_ranges();
    std::vector<Page> kept;
    for (const auto& page : pages_) {
        const auto* range = range_of(page.address);
        if (range != nullptr && *range == page.range) {
            kept.push_back(page);
        } else {
            entry_of(page.address) = 0;
            library_.remove_page(page.physical);
        }
    }
    pages_ = std::move(kept);
}

bool GuestMemory::Range::operator==(const Range& other) const {
    const bool same_place = begin == other.begin && end == other.end;
    return can_read == other.can_read && can_write == other.can_write && can_execute == other.can_execute &&
           (same_place || !can_execute);
}

/// Returns whether the tables have changed.
bool GuestMemory::insert(std::uint64_t page, const Range& range) {
    auto& entry = entry_of(page);
    if ((entry & present) != 0) {
        return false;
    }
    library_.insert_page(next_page_, page);
    pages_.push_back({page, next_page_, range});
    entry = next_page_ | present | of_user;
    entry |= range.can_write ? writable : 0;
    entry |= range.can_execute ? 0 : not_executable;
    next_page_ += page_size;
    return true;
}

std::uint64_t& GuestMemory::entry_of(std::uint64_t page) {
    std::uint64_t table = root;
    for (const int shift : {39, 30, 21}) {
        const auto number = (page >> shift) & 511;
        if (((*tables_[(table - root) / page_size])[number] & present) == 0) {
            const auto below = new_table() | present | writable | of_user;
            (*tables_[(table - root) / page_size])[number] = below;
        }
        table = (*tables_[(table - root) / page_size])[number] & address_bits;
    }
    return (*tables_[(table - root) / page_size])[(page >> 12) & 511];
}

const GuestMemory::Range* GuestMemory::range_of(std::uint64_t address) {
    const auto found =
        std::upper_bound(ranges_.begin(), ranges_.end(), address, [](std::uint64_t one, const Range& range) {
            return one < range.end;
        });
    return found != ranges_.end() && found->begin <= address ? &*found : nullptr;
}

void GuestMemory::read_ranges() {
    ranges_.clear();
    std::FILE* maps = std::fopen("/proc/self/maps", "re");
    if (maps == nullptr) {
        return;
    }
    char* line = nullptr;
    std::size_t size = 0;
    while (getline(&line, &size, maps) >= 0) {
        char* rest = nullptr;
        Range range{};
        range.begin = std::strtoull(line, &rest, 16);
        range.end = std::strtoull(rest + 1, &rest, 16);
        range.can_read = rest[1] == 'r';
        range.can_write = rest[2] == 'w';
        range.can_execute = rest[3] == 'x';
        ranges_.push_back(range);
    }
    std::free(line);
    std::fclose(maps);
}

std::uint64_t GuestMemory::new_table() {
    void* memory = mmap(nullptr, page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        throw std::runtime_error("there is no memory for page tables");
    }
    const std::uint64_t physical = root + tables_.size() * page_size;
    tables_.push_back(static_cast<TablePage*>(memory));
    library_.insert_page(physical, reinterpret_cast<std::uint64_t>(memory));
    return physical;
}
