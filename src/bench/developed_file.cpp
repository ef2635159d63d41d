#include "bench/developed_file.hpp"

#include "morphogen/codec/encoder.hpp"
#include "morphogen/core/aligned_buffer.hpp"
#include "morphogen/kernel/isa.hpp"

#include "bench/block_state.hpp"
#include "bench/frames.hpp"
#include "bench/sample_field.hpp"

#include <cstddef>
#include <vector>

namespace morphogen::bench {
namespace {

constexpr core::Index steps_per_frame = 34; // the default configuration's

void store_frame(const store::FrameLayout& layout, core::Index number, const float* v,
                 codec::ChunkEncoder& encoder, store::FrameSink& sink) {
    store::FrameRecord record;
    record.number = number;
    record.step = number * steps_per_frame;
    record.time = static_cast<double>(record.step);
    sink.begin_frame(record);
    core::AlignedBuffer<std::byte> raw(layout.chunk_bytes());
    std::vector<std::byte> stored(codec::ChunkEncoder::bound(layout.filters, raw.size()));
    for (core::Index c = 0; c < layout.chunks(); ++c) {
        store::gather_chunk(layout, c, reinterpret_cast<const std::byte*>(v), raw.data());
        const std::size_t bytes = encoder.encode(raw.span(), stored);
        sink.put_chunk(0, c, std::span<const std::byte>(stored).first(bytes));
    }
    sink.end_frame();
}

} // namespace

DevelopedFile make_developed_file(const Context& context, core::Index frames, const char* codec,
                                  const std::filesystem::path& directory) {
    const DevelopedFile file{.path = directory / "frames.h5",
                             .frames = frames,
                             .height = context.brief() ? 108 : 1080,
                             .width = context.brief() ? 192 : 1920};
    const config::Config config =
        make_config(file.height, file.width, codec::parse_codec(codec), config::Sync::never);
    const store::FrameLayout layout = whole_layout(config);
    codec::ChunkEncoder encoder(layout.filters, layout.chunk_bytes());
    BlockState<float> state(kernel::Physics{}, {1, file.height, file.width}, kernel::best_isa(),
                            context.threads);
    state.sow(8, 48);
    state.advance(context.brief() ? 100 : developed_steps);
    const auto sink = open_frames_file(config, layout, directory);
    for (core::Index n = 0; n < frames; ++n) {
        store_frame(layout, n, state.now().v.data, encoder, *sink);
        state.advance(steps_per_frame);
    }
    sink->close();
    return file;
}

} // namespace morphogen::bench
