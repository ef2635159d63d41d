#include "bench/comparing_sink.hpp"

#include "bench/timing.hpp"

#include <algorithm>
#include <functional>
#include <numeric>

namespace morphogen::bench {

double WriteCost::per_byte() const noexcept {
    if (bytes == 0) return 0.0;
    return std::accumulate(seconds.begin(), seconds.end(), 0.0) / static_cast<double>(bytes);
}

double WriteCosts::beyond_plain() const {
    std::vector<double> more(std::min(sink.seconds.size(), plain.seconds.size()));
    std::transform(sink.seconds.begin(), sink.seconds.begin() + std::ssize(more),
                   plain.seconds.begin(), more.begin(), std::minus<>());
    return more.empty() ? 0.0 : median(more);
}

/// Counts the call where it is the sink that is measured.
template <typename Call>
void ComparingSink::measure(Call&& call) {
    const double seconds = cpu_seconds_of(call);
    if (sink_counts_) cost().seconds.back() += seconds;
}

void ComparingSink::begin_frame(const store::FrameRecord& record) {
    sink_counts_ = record.number % 2 == 0;
    cost().seconds.push_back(0.0);
    measure([&] { PassingSink::begin_frame(record); });
}

void ComparingSink::put_chunk(std::size_t field, core::Index chunk,
                              std::span<const std::byte> stored) {
    cost().bytes += stored.size();
    if (!sink_counts_) cost().seconds.back() += cpu_seconds_of([&] { plain_.write(stored); });
    measure([&] { PassingSink::put_chunk(field, chunk, stored); });
}

void ComparingSink::end_frame() {
    measure([&] { PassingSink::end_frame(); });
}

void ComparingSink::commit() {
    measure([&] { PassingSink::commit(); });
}

} // namespace morphogen::bench
