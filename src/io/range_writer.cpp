#include "morphogen/io/range_writer.hpp"

#include "io/write_engine.hpp"

#include <utility>

namespace morphogen::io {

RangeWriter::RangeWriter(const QueueOptions& options, Sync sync)
    : engine_(std::make_unique<WriteEngine>(options, sync, make_operation_queue(options))) {}

RangeWriter::~RangeWriter() = default;

void RangeWriter::put(Buffer buffer, std::vector<WriteSlice> slices) {
    engine_->put(std::move(buffer), std::move(slices));
}

void RangeWriter::flush() {
    engine_->flush();
}

void RangeWriter::close() {
    engine_->close();
}

QueueStatistics RangeWriter::statistics() const {
    return engine_->statistics();
}

} // namespace morphogen::io
