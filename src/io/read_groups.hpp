#pragma once

#include "morphogen/io/range_reader.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <vector>

namespace morphogen::io {

struct ReadFile;
struct ReadGroup;

/// A request whose ranges are not all finished.
struct ActiveRequest {
    ReadFile* file = nullptr;
    ReadGroup* group = nullptr;
    std::vector<Range> ranges;
    std::uint64_t tag = 0;
    std::size_t begun = 0;    // ranges
    std::size_t finished = 0; // ranges
    std::list<std::unique_ptr<ActiveRequest>>::iterator self;
};

/// Requests between two ends of group.
struct ReadGroup {
    /// With ranges that have not begun, whether their file is open or not, in order: whoever takes
    /// results in the order of requests can keep early ones, and no earlier one lacks its bytes.
    std::deque<ActiveRequest*> to_begin;
    std::size_t unfinished = 0;   // requests
    bool ended = false;           // the source gave its end
    std::uint64_t tag = 0;        // that end's
    std::vector<ReadEvent> early; // results that wait for the groups before
};

/// Holds results of later groups back until the earlier ones are finished. Buffers are given out in
/// the order of groups too: otherwise results that are held back could hold the very bytes that an
/// earlier group waits for.
class ReadGroups {
public:
    ReadGroups() { groups_.emplace_back(); }

    /// The group that the source fills.
    ReadGroup& latest() noexcept { return groups_.back(); }
    void end_latest(std::uint64_t tag);

    /// The group whose ranges may begin now: the first that has some.
    ReadGroup& beginning() noexcept;

    /// A result of @p group: to @p out if it is that group's turn.
    void deliver(ReadGroup& group, ReadEvent&& event, std::vector<ReadEvent>& out);
    /// Ends the groups at the front that are finished.
    void advance(std::vector<ReadEvent>& out);

    /// What is held back goes; nothing comes after it.
    void drop() noexcept {
        for (ReadGroup& group : groups_)
            group.early.clear();
    }

    /// Results and ends of groups that are held back.
    std::size_t held_back() const noexcept { return held_back_; }
    /// Those of them that do not depend on @p group: none can be delivered before it if it is the
    /// first, so they must not keep it from going on.
    std::size_t held_back_behind(const ReadGroup& group) const noexcept {
        return &group == &groups_.front() ? 0 : held_back_;
    }
    bool unfinished() const noexcept;

private:
    std::deque<ReadGroup> groups_; // never empty; addresses stay
    std::size_t held_back_ = 0;
};

} // namespace morphogen::io
