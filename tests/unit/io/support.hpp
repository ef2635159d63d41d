#pragma once

#include "morphogen/io/queue.hpp"
#include "morphogen/io/range_reader.hpp"

#include "catch.hpp"
#include "io/operation_queue.hpp"
#include "temporary_directory.hpp"
#include "watchdog.hpp"

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace morphogen::test {

/// Both backends; where the kernel refuses io_uring, says so and leaves it out.
inline std::vector<io::Backend> backends() {
    if (io::io_uring_available()) return {io::Backend::thread_pool, io::Backend::io_uring};
    WARN("skipped: io_uring, which is not available here; the thread pool is tested alone");
    return {io::Backend::thread_pool};
}

/// What file number @p file holds at @p offset.
inline std::byte content(std::uint64_t file, core::Index offset) {
    const std::uint64_t mixed =
        (static_cast<std::uint64_t>(offset) + file * 1'000'003) * 0x9e3779b97f4a7c15;
    return static_cast<std::byte>(mixed >> 56);
}

inline std::filesystem::path make_file(const TemporaryDirectory& directory, std::uint64_t number,
                                       core::Index size) {
    const auto path = directory / (std::to_string(number) + ".bin");
    std::string bytes(static_cast<std::size_t>(size), '\0');
    for (core::Index i = 0; i < size; ++i)
        bytes[static_cast<std::size_t>(i)] = static_cast<char>(content(number, i));
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
}

inline bool holds(std::span<const std::byte> bytes, std::uint64_t file, core::Index offset) {
    for (const std::byte byte : bytes)
        if (byte != content(file, offset++)) return false;
    return true;
}

/// Of this process, the one that lists them included.
inline std::size_t open_descriptors() {
    namespace fs = std::filesystem;
    return static_cast<std::size_t>(std::distance(fs::directory_iterator("/proc/self/fd"), {}));
}

/// A source of these items, in order.
inline io::ReadSource source_of(std::vector<std::variant<io::ReadRequest, io::EndOfGroup>> items) {
    return [items = std::move(items), i = std::size_t{0}]() mutable
           -> std::optional<std::variant<io::ReadRequest, io::EndOfGroup>> {
        if (i == items.size()) return std::nullopt;
        return std::move(items[i++]);
    };
}

inline std::vector<io::ReadEvent> all_of(io::RangeReader& reader) {
    std::vector<io::ReadEvent> events;
    while (auto event = reader.next())
        events.push_back(std::move(*event));
    return events;
}

/// A queue that does something to operations before or after they are carried out.
class FaultyQueue : public io::OperationQueue {
public:
    explicit FaultyQueue(io::Backend backend, int depth)
        : real_(std::move(io::make_operation_queue({.backend = backend, .depth = depth}).queue)) {}

    io::Backend backend() const noexcept override { return real_->backend(); }
    void submit(io::Operation& op) override {
        before(op);
        real_->submit(op);
    }
    void wait(std::vector<io::Operation*>& completed) override {
        const std::size_t old = completed.size();
        real_->wait(completed);
        for (std::size_t i = old; i < completed.size(); ++i)
            after(*completed[i]);
    }
    void wake() noexcept override { real_->wake(); }

    virtual void before(io::Operation&) {}
    virtual void after(io::Operation&) {}

private:
    std::unique_ptr<io::OperationQueue> real_;
};

} // namespace morphogen::test
