#include "rework/crop_sweep.hpp"

#include "morphogen/core/contract.hpp"

#include "rework/block_decoder.hpp"

#include <algorithm>
#include <deque>
#include <optional>
#include <tuple>
#include <utility>

namespace morphogen::rework {

using core::Dims;
using core::Index;
using core::NdBox;
using store::DatasetReader;

namespace {

constexpr std::size_t no_crop = static_cast<std::size_t>(-1);

Index sweep_slots(int threads) {
    return 2 * static_cast<Index>(threads) + 1;
}

bool encodes(const codec::FilterPipeline& filters) {
    return filters.codec.compressor != codec::Compressor::none || filters.shuffle ||
           filters.checksum;
}

} // namespace

/// A block on its way to crops, or a crop on its way to the file.
struct CropSweep::Item {
    FetchedBlock block;         // its buffer holds the encoded crop too
    std::size_t number = 0;     // of the block in the sweep
    std::size_t crop = no_crop; // in crops_, if it is one
    std::size_t stored = 0;     // bytes of the encoded crop
};

struct CropSweep::Worker {
    BlockDecoder decoder;
    std::optional<codec::ChunkEncoder> encoder;
};

std::uint64_t CropSweep::memory(const DatasetReader& reader, std::uint64_t crop_bytes,
                                const codec::FilterPipeline& filters, const Memory& memory) {
    const auto threads = static_cast<std::uint64_t>(memory.threads);
    const auto crop = static_cast<std::size_t>(crop_bytes);
    const bool encoding = encodes(filters);
    const std::uint64_t slot =
        std::max<std::uint64_t>(BlockDecoder::fetched_memory(reader),
                                encoding ? codec::ChunkEncoder::bound(filters, crop) : 0);
    const std::uint64_t worker = // the encoder's: a shuffled crop
        BlockDecoder::memory(reader) + (encoding ? crop_bytes : 0);
    return threads * worker + static_cast<std::uint64_t>(sweep_slots(memory.threads)) * slot +
           static_cast<std::uint64_t>(memory.buffers) * crop_bytes;
}

Index CropSweep::open_crops(int threads, Index buffers) {
    return std::max<Index>(1, buffers - std::min(sweep_slots(threads), buffers / 4));
}

CropSweep::CropSweep(const DatasetReader& reader, std::span<const std::int64_t> origins,
                     const Dims& shape, const codec::FilterPipeline& filters,
                     store::DatasetWriter& out, const Memory& memory)
    : reader_(reader), origins_(origins), shape_(shape), filters_(filters),
      encodes_(encodes(filters)),
      crop_bytes_(static_cast<std::size_t>(core::volume(shape)) * reader.element_size()),
      buffers_(memory.buffers), out_(out), team_(memory.threads) {
    for (int i = 0; i < memory.threads; ++i) {
        workers_.push_back(std::make_unique<Worker>());
        if (encodes_) workers_.back()->encoder.emplace(filters_, crop_bytes_);
    }
    pipeline_ = std::make_unique<parallel::Pipeline<Item>>(
        team_, parallel::PipelineLimits{.items = sweep_slots(memory.threads)});
}

CropSweep::~CropSweep() = default;

void CropSweep::list_uses(std::span<const Index> crops) {
    uses_.clear();
    first_use_.clear();
    crops_.resize(crops.size());
    const int rank = shape_.rank();
    for (std::size_t c = 0; c < crops.size(); ++c) {
        const auto origin = Dims::from(origins_.subspan(static_cast<std::size_t>(crops[c] * rank),
                                                        static_cast<std::size_t>(rank)));
        crops_[c].number = crops[c];
        crops_[c].box = NdBox{Dims(rank, 0), shape_} + origin;
        const auto blocks = reader_.blocks_in(crops_[c].box);
        crops_[c].blocks_missing = static_cast<Index>(blocks.size());
        for (const store::BlockId block : blocks)
            uses_.push_back({sweep_place(reader_, block), c});
    }
    std::sort(uses_.begin(), uses_.end(), [](const Use& a, const Use& b) {
        return std::tie(a.place, a.crop) < std::tie(b.place, b.crop);
    });
    for (std::size_t u = 0; u < uses_.size(); ++u)
        if (u == 0 || uses_[u].place != uses_[u - 1].place) first_use_.push_back(u);
    first_use_.push_back(uses_.size());
}

void CropSweep::copy(const BlockView& block, std::size_t number) {
    for (std::size_t u = first_use_[number]; u < first_use_[number + 1]; ++u) {
        Crop& crop = crops_[uses_[u].crop];
        core::copy_box(intersect(block.box, crop.box), block.raw().data(), block.raw_box,
                       crop.elements.data(), crop.box, reader_.element_size());
    }
}

/// Source and sink of the pipeline; complete crops go before further blocks, since memory waits for
/// them.
class CropSweep::Stages {
public:
    Stages(CropSweep& sweep, const std::function<void()>& crop_done)
        : sweep_(sweep), crop_done_(crop_done) {}

    parallel::Offer offer(bool may_wait) {
        if (!complete_.empty()) return parallel::Offer::item();
        if (next_ + 1 == sweep_.first_use_.size()) // crops may still become complete
            return may_wait ? parallel::Offer::end() : parallel::Offer::later();
        if (beginning() <= sweep_.buffers_ - sweep_.made_ + static_cast<Index>(sweep_.free_.size()))
            return parallel::Offer::item();
        MORPHOGEN_EXPECT(!may_wait); // nothing is in flight: the plan says that there is room
        return parallel::Offer::later();
    }

    void take(Item& item) {
        item.crop = no_crop;
        if (!complete_.empty()) {
            item.crop = complete_.front();
            complete_.pop_front();
            return;
        }
        item.number = next_++;
        for (std::size_t u = sweep_.first_use_[item.number]; u < sweep_.first_use_[next_]; ++u)
            give_buffer(sweep_.crops_[sweep_.uses_[u].crop]);
        const SweepPlace& place = sweep_.uses_[sweep_.first_use_[item.number]].place;
        fetch_block(sweep_.reader_, {place.piece, place.number}, item.block);
    }

    void put(Item& item) {
        if (item.crop == no_crop) {
            for (std::size_t u = sweep_.first_use_[item.number];
                 u < sweep_.first_use_[item.number + 1]; ++u)
                if (--sweep_.crops_[sweep_.uses_[u].crop].blocks_missing == 0)
                    complete_.push_back(sweep_.uses_[u].crop);
            return;
        }
        Crop& crop = sweep_.crops_[item.crop];
        Dims lo(sweep_.shape_.rank() + 1, 0);
        lo[0] = crop.number;
        sweep_.out_.write_chunk(lo, sweep_.encodes_ ? item.block.bytes.span().first(item.stored)
                                                    : crop.elements.span());
        sweep_.free_.push_back(std::move(crop.elements));
        if (crop_done_) crop_done_();
    }

private:
    /// Crops that begin with the next block.
    Index beginning() const {
        Index n = 0;
        for (std::size_t u = sweep_.first_use_[next_]; u < sweep_.first_use_[next_ + 1]; ++u)
            if (sweep_.crops_[sweep_.uses_[u].crop].elements.empty()) ++n;
        return n;
    }
    void give_buffer(Crop& crop) {
        if (!crop.elements.empty()) return;
        if (!sweep_.free_.empty()) {
            crop.elements = std::move(sweep_.free_.back());
            sweep_.free_.pop_back();
            return;
        }
        MORPHOGEN_EXPECT(sweep_.made_ < sweep_.buffers_);
        crop.elements = core::AlignedBuffer<std::byte>(sweep_.crop_bytes_);
        ++sweep_.made_;
    }

    CropSweep& sweep_;
    const std::function<void()>& crop_done_;
    std::size_t next_ = 0;             // block
    std::deque<std::size_t> complete_; // crops that wait to be encoded
};

void CropSweep::run(std::span<const Index> crops, const std::function<void()>& crop_done) {
    list_uses(crops);
    Stages stages(*this, crop_done);
    const auto transform = [&](Item& item, int thread) {
        Worker& worker = *workers_[static_cast<std::size_t>(thread)];
        if (item.crop == no_crop) {
            copy(worker.decoder.view(reader_, item.block), item.number);
        } else if (encodes_) {
            grow(item.block.bytes, codec::ChunkEncoder::bound(filters_, crop_bytes_));
            item.stored =
                worker.encoder->encode(crops_[item.crop].elements.span(), item.block.bytes.span());
        }
    };
    pipeline_->run(stages, transform, stages);
}

} // namespace morphogen::rework
