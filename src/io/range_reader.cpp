#include "morphogen/io/range_reader.hpp"

#include "morphogen/core/error.hpp"

#include "io/read_engine.hpp"

#include <utility>

namespace morphogen::io {

RangeReader::RangeReader(BufferPool pool, ReadSource source, const QueueOptions& options)
    : engine_(std::make_unique<ReadEngine>(std::move(pool), std::move(source), options,
                                           make_operation_queue(options))) {}

RangeReader::~RangeReader() = default;

std::optional<ReadEvent> RangeReader::next() {
    return engine_->next();
}

std::optional<ReadEvent> RangeReader::try_next() {
    return engine_->try_next();
}

void RangeReader::close() noexcept {
    engine_->close();
}

QueueStatistics RangeReader::statistics() const {
    return engine_->statistics();
}

} // namespace morphogen::io
