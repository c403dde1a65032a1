#include "memory.hpp"

#include <sys/mman.h>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iterator>

namespace {

constexpr std::uint64_t page_size = 4096;
constexpr std::uint64_t pages_at_once = 64;
constexpr std::uint64_t present = 1;
constexpr std::uint64_t writable = 2;
constexpr std::uint64_t of_user = 4;
constexpr std::uint64_t not_executable = std::uint64_t{1} << 63;
constexpr std::uint64_t address_bits = 0x000ffffffffff000;
constexpr std::uint64_t end_of_user = std::uint64_t{1} << 47;

}  // namespace

bool GuestMemory::Rights::operator==(const Rights& other) const {
    return read == other.read && write == other.write && execute == other.execute;
}

GuestMemory::GuestMemory(const bochs::Library& library)
    : library_(library) {
    new_table();
}

bool GuestMemory::map(std::uint64_t address, bool is_write, bool is_fetch) {
    if (address >= end_of_user) {
        return false;
    }
    const std::uint64_t page = address & ~(page_size - 1);
    const auto found = range_of(page);
    if (found == ranges_.end()) {
        return false;
    }
    const auto& [begin, range] = *found;
    const auto rights = range.rights;
    if (!rights.read || (is_write && !rights.write) || (is_fetch && !rights.execute) || !insert(page, range)) {
        return false;
    }
    // An instruction that lies in two pages could not be fetched again if the second one were missing.
    const auto first = rights.execute ? begin : page;
    const auto last = rights.execute ? range.end : std::min(range.end, page + pages_at_once * page_size);
    for (auto other = first; other < last; other += page_size) {
        insert(other, range);
    }
    return true;
}

void GuestMemory::update() {
    read_ranges();
    for (auto page = pages_.begin(); page != pages_.end();) {
        const auto current = page++;
        const auto range = range_of(current->first);
        const auto& before = current->second.range;
        // Code that is as long as before is taken for the same code.
        const bool is_same = range != ranges_.end() && range->second.rights == before.rights &&
                             (!before.rights.execute || range->second.end == before.end);
        if (!is_same) {
            forget(current);
        }
    }
}

void GuestMemory::change(std::uint64_t begin, std::uint64_t end, Rights rights) {
    end = (end + page_size - 1) & ~(page_size - 1);
    split(begin);
    split(end);
    ranges_.erase(ranges_.lower_bound(begin), ranges_.lower_bound(end));
    if (rights.read || rights.write || rights.execute) {
        ranges_[begin] = {end, rights};
    }
    for (auto page = pages_.lower_bound(begin); page != pages_.end() && page->first < end;) {
        forget(page++);
    }
}

/// Makes a range begin at the address if one lies there.
void GuestMemory::split(std::uint64_t address) {
    const auto range = range_of(address);
    if (range != ranges_.end() && range->first != address) {
        ranges_[address] = range->second;
        range->second.end = address;
    }
}

/// Returns whether the tables have changed.
bool GuestMemory::insert(std::uint64_t page, const Range& range) {
    auto& entry = entry_of(page);
    if ((entry & present) != 0) {
        return false;
    }
    library_.insert_page(next_page_, page);
    pages_[page] = {next_page_, range};
    entry = next_page_ | present | of_user;
    entry |= range.rights.write ? writable : 0;
    entry |= range.rights.execute ? 0 : not_executable;
    next_page_ += page_size;
    return true;
}

void GuestMemory::forget(std::map<std::uint64_t, Page>::iterator page) {
    entry_of(page->first) = 0;
    library_.remove_page(page->second.physical);
    pages_.erase(page);
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

GuestMemory::Ranges::iterator GuestMemory::range_of(std::uint64_t address) {
    auto found = ranges_.upper_bound(address);
    if (found == ranges_.begin() || std::prev(found)->second.end <= address) {
        return ranges_.end();
    }
    return std::prev(found);
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
        const auto begin = std::strtoull(line, &rest, 16);
        const auto end = std::strtoull(rest + 1, &rest, 16);
        ranges_[begin] = {end, {rest[1] == 'r', rest[2] == 'w', rest[3] == 'x'}};
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
