#pragma once

#include "morphogen/codec/encoder.hpp"
#include "morphogen/core/aligned_buffer.hpp"
#include "morphogen/parallel/function_ref.hpp"
#include "morphogen/parallel/pipeline.hpp"
#include "morphogen/parallel/team.hpp"
#include "morphogen/store/frame.hpp"
#include "morphogen/store/layout.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace morphogen::run {

/// Lossy rounding before the lossless codec; both 0: none.
struct Rounding {
    int keep_bits = 0;
    double max_error = 0.0;

    bool none() const noexcept { return keep_bits == 0 && max_error == 0.0; }
};

/// Rounds dense cells of one precision in place.
void round_cells(std::span<std::byte> cells, core::Precision precision, const Rounding& rounding);

/// What a stream of frames has next.
struct FrameOffer {
    enum class Kind { frame, later, end };
    Kind kind = Kind::end;
    const store::Frame* frame =
        nullptr; // the cells stay until its last chunk was put, the frame itself until the first
};

/// One chunk of a frame, ready to be stored.
struct EncodedChunk {
    std::size_t field = 0;
    core::Index chunk = 0;
    bool first = false; // of its frame
    bool last = false;
    std::span<const std::byte> stored;
};

/// Turns frames into stored chunks on a team of threads, while the calling thread hands completed
/// ones on. The next frame's chunks are encoded while the last ones of a frame are being stored, so
/// that a slow disk never waits for the compressor. Owns everything it needs: nothing is allocated
/// per frame. One thread.
class FrameEncoder {
public:
    FrameEncoder(const store::FrameLayout& layout, Rounding rounding, int threads);
    ~FrameEncoder();

    /// All on the calling thread. `next(may_wait)` as parallel::PipelineSource::offer(), each frame
    /// offered once; `put` gets every chunk of every field, in order.
    struct Calls {
        parallel::FunctionRef<FrameOffer(bool may_wait)> next;
        parallel::FunctionRef<void(const EncodedChunk&)> put;
    };
    /// Until `next` says end. @throws the first error of next, the codec or put.
    void encode(Calls calls);

    /// CPU seconds of all threads spent on gathering, rounding and filtering so far.
    double compress_cpu_seconds() const noexcept;
    int threads() const noexcept { return team_.size(); }

    /// Bytes that an encoder for such a layout holds.
    static std::size_t memory(const store::FrameLayout& layout, int threads);

private:
    struct Item; // a chunk on its way
    class ChunkSource;

    /// One thread's tools; a cache line apart from the next one's.
    struct alignas(128) Worker {
        explicit Worker(const store::FrameLayout& layout);
        codec::ChunkEncoder encoder;
        core::AlignedBuffer<std::byte> row; // of a chunk: to be rounded, or filled up
        double cpu_seconds = 0.0;
        bool prepared = false; // priority and affinity are set
    };

    core::Index chunks_per_frame() const noexcept;
    void prepare(Worker& worker, int thread) const;
    void encode_chunk(Item& item, int thread);
    std::size_t encode_cells(Worker& worker, const Item& item, std::span<std::byte> stored) const;

    store::FrameLayout layout_;
    Rounding rounding_;
    parallel::Team team_;
    std::vector<Worker> workers_;
    std::unique_ptr<parallel::Pipeline<Item>> pipeline_;
};

} // namespace morphogen::run
