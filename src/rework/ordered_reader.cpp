#include "morphogen/rework/ordered_reader.hpp"

#include <utility>

namespace morphogen::rework {
namespace {

io::ReadSource numbered(FileSource files) {
    return [files = std::move(files), number = std::uint64_t{0}]() mutable
           -> std::optional<std::variant<io::ReadRequest, io::EndOfGroup>> {
        auto next = files();
        if (!next) return std::nullopt;
        if (auto* end = std::get_if<io::EndOfGroup>(&*next)) return *end;
        return io::ReadRequest{.path = std::get<std::filesystem::path>(std::move(*next)),
                               .tag = number++};
    };
}

} // namespace

OrderedReader::OrderedReader(io::BufferPool pool, FileSource files, const io::QueueOptions& options)
    : reader_(std::move(pool), numbered(std::move(files)), options) {}

void OrderedReader::keep(io::ReadEvent event) {
    if (auto* read = std::get_if<io::RangeRead>(&event)) {
        const std::uint64_t number = read->request_tag;
        early_.emplace(number, ReadFile{number, std::move(read->path), std::move(read->bytes)});
    } else if (auto* failure = std::get_if<io::ReadFailure>(&event)) {
        const std::uint64_t number = failure->request_tag;
        early_.emplace(number, ReadFile{number, std::move(failure->path), {}, failure->error});
    } else {
        group_end_ = std::get<io::EndOfGroup>(event); // after every file of the group
    }
}

std::optional<OrderedEvent> OrderedReader::next(bool may_wait) {
    while (true) {
        if (!early_.empty() && early_.begin()->first == turn_) {
            ++turn_;
            return std::move(early_.extract(early_.begin()).mapped());
        }
        if (group_end_) return std::exchange(group_end_, std::nullopt);
        auto event = may_wait ? reader_.next() : reader_.try_next();
        if (!event) return std::nullopt;
        keep(std::move(*event));
    }
}

} // namespace morphogen::rework
