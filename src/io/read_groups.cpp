#include "io/read_groups.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace morphogen::io {

void ReadGroups::end_latest(std::uint64_t tag) {
    groups_.back().ended = true;
    groups_.back().tag = tag;
    ++held_back_; // the end itself
    groups_.emplace_back();
}

ReadGroup& ReadGroups::beginning() noexcept {
    const auto found = std::find_if(groups_.begin(), groups_.end(),
                                    [](const ReadGroup& group) { return !group.to_begin.empty(); });
    return found == groups_.end() ? groups_.back() : *found;
}

void ReadGroups::deliver(ReadGroup& group, ReadEvent&& event, std::vector<ReadEvent>& out) {
    if (&group == &groups_.front()) {
        out.push_back(std::move(event));
    } else {
        group.early.push_back(std::move(event));
        ++held_back_;
    }
}

void ReadGroups::advance(std::vector<ReadEvent>& out) {
    while (groups_.front().ended && groups_.front().unfinished == 0) {
        out.emplace_back(EndOfGroup{groups_.front().tag});
        groups_.pop_front();
        std::vector<ReadEvent>& early = groups_.front().early;
        held_back_ -= 1 + early.size();
        std::move(early.begin(), early.end(), std::back_inserter(out));
        early.clear();
    }
}

bool ReadGroups::unfinished() const noexcept {
    return groups_.size() > 1 || groups_.front().unfinished > 0;
}

} // namespace morphogen::io
