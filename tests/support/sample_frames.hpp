#pragma once

#include "morphogen/codec/encoder.hpp"
#include "morphogen/core/aligned_buffer.hpp"
#include "morphogen/store/frame.hpp"
#include "morphogen/store/frame_sink.hpp"
#include "morphogen/store/layout.hpp"

#include <cstring>
#include <vector>

/// Frames whose every cell is known: tests/interop/sample.py computes the same bits.
namespace morphogen::test {

inline double sample_value(core::Index frame, core::Field field, const core::Extents& cell) {
    const core::Index n = frame * 1009 + static_cast<core::Index>(field) * 77 + cell[0] * 131 +
                          cell[1] * 31 + cell[2] * 7;
    return static_cast<double>(n % 1000) / 1000.0;
}

/// Statistics are only recognisable here, not true.
inline store::FrameRecord sample_record(core::Index frame) {
    store::FrameRecord record;
    record.number = frame;
    record.step = (frame + 1) * 10;
    record.time = static_cast<double>(record.step) * 0.5;
    for (std::size_t f = 0; f < 2; ++f) {
        const double base = static_cast<double>(frame) + 0.25 * static_cast<double>(f);
        record.statistics[f] = {base, base + 0.5, base + 0.125};
    }
    return record;
}

inline store::Frame sample_frame(const store::FrameLayout& layout, core::Index number) {
    store::Frame frame{sample_record(number), core::AlignedBuffer<std::byte>(layout.frame_bytes())};
    std::byte* out = frame.cells.data();
    const core::Box& b = layout.block;
    const auto put = [&](auto value) {
        std::memcpy(out, &value, sizeof value);
        out += sizeof value;
    };
    for (const core::Field field : layout.fields)
        for (core::Index z = b.lo[0]; z < b.hi[0]; ++z)
            for (core::Index y = b.lo[1]; y < b.hi[1]; ++y)
                for (core::Index x = b.lo[2]; x < b.hi[2]; ++x) {
                    const double value = sample_value(number, field, {z, y, x});
                    if (layout.precision == core::Precision::f32)
                        put(static_cast<float>(value));
                    else
                        put(value);
                }
    return frame;
}

/// What the writer thread does with a frame, serially.
inline void write_frame(store::FrameSink& sink, const store::FrameLayout& layout,
                        const store::Frame& frame) {
    sink.begin_frame(frame.record);
    if (sink.takes_chunks()) {
        codec::ChunkEncoder encoder(layout.filters, layout.chunk_bytes());
        std::vector<std::byte> raw(layout.chunk_bytes());
        std::vector<std::byte> stored(
            codec::ChunkEncoder::bound(layout.filters, layout.chunk_bytes()));
        for (std::size_t f = 0; f < layout.fields.size(); ++f)
            for (core::Index c = 0; c < layout.chunks(); ++c) {
                store::gather_chunk(layout, c, frame.cells.data() + f * layout.field_bytes(),
                                    raw.data());
                const std::size_t size = encoder.encode(raw, stored);
                sink.put_chunk(f, c, std::span<const std::byte>(stored).first(size));
            }
    } else {
        sink.put_frame(frame);
    }
    sink.end_frame();
}

} // namespace morphogen::test
