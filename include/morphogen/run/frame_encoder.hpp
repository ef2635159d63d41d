#pragma once

#include "morphogen/codec/encoder.hpp"
#include "morphogen/core/aligned_buffer.hpp"
#include "morphogen/parallel/function_ref.hpp"
#include "morphogen/parallel/team.hpp"
#include "morphogen/store/frame.hpp"
#include "morphogen/store/layout.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace morphogen::run {

/// Lossy rounding before the lossless codec; both 0: none.
struct Rounding {
    int keep_bits = 0;
    double max_error = 0.0;
};

/// Rounds dense cells of one precision in place.
void round_cells(std::span<std::byte> cells, core::Precision precision, const Rounding& rounding);

/// Turns one frame into stored chunks on a team of threads, while the calling thread hands
/// completed ones on. Owns everything it needs: nothing is allocated per frame. One thread.
class FrameEncoder {
public:
    FrameEncoder(const store::FrameLayout& layout, Rounding rounding, int threads);

    using Put = parallel::FunctionRef<void(std::size_t field, core::Index chunk,
                                           std::span<const std::byte> stored)>;

    /// Encodes every chunk of every field of @p frame and calls @p put for each on the calling
    /// thread, in order of completion.
    void encode(const store::Frame& frame, Put put);

    /// CPU seconds of all threads spent on gathering, rounding and filtering so far.
    double compress_cpu_seconds() const noexcept;
    int threads() const noexcept { return team_.size(); }

    /// Bytes that an encoder for such a layout holds.
    static std::size_t memory(const store::FrameLayout& layout, int threads);

private:
    static core::Index slots_for(int threads) noexcept { return 2 * threads; }

    /// One thread's tools; a cache line apart from the next one's.
    struct alignas(128) Worker {
        explicit Worker(const store::FrameLayout& layout);
        codec::ChunkEncoder encoder;
        core::AlignedBuffer<std::byte> raw; // one gathered chunk
        double cpu_seconds = 0.0;
        bool prepared = false; // priority and affinity are set
    };

    void encode_chunk(const store::Frame& frame, core::Index item, Worker& worker,
                      core::Index slot);

    store::FrameLayout layout_;
    Rounding rounding_;
    parallel::Team team_;
    std::vector<Worker> workers_;
    std::vector<core::AlignedBuffer<std::byte>> stored_; // per slot
    std::vector<std::size_t> stored_bytes_;              // per slot
};

} // namespace morphogen::run
