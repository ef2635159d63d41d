#include "morphogen/mpi/communicator.hpp"

#include "morphogen/core/checked_cast.hpp"
#include "morphogen/core/contract.hpp"
#include "morphogen/mpi/environment.hpp"

#include "mpi/check.hpp"

#include <array>
#include <cstdlib>
#include <utility>

namespace morphogen::mpi {

struct Communicator::Handle {
    MPI_Comm comm = MPI_COMM_NULL;

    Handle() = default;
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    ~Handle() {
        if (comm != MPI_COMM_NULL && is_active()) MPI_Comm_free(&comm);
    }

    static std::unique_ptr<Handle> duplicate(MPI_Comm of) {
        auto handle = std::make_unique<Handle>();
        check(MPI_Comm_dup(of, &handle->comm), "MPI_Comm_dup");
        return handle;
    }
};

namespace {

constexpr int tree_tag = 7;

MPI_Op op_of(Op op) noexcept {
    switch (op) {
    case Op::sum:
        return MPI_SUM;
    case Op::min:
        return MPI_MIN;
    case Op::max:
        break;
    }
    return MPI_MAX;
}

int count_of(std::size_t size) {
    return core::checked_cast<int>(size);
}

} // namespace

Communicator::Communicator() noexcept = default;
Communicator::Communicator(Communicator&&) noexcept = default;
Communicator& Communicator::operator=(Communicator&&) noexcept = default;
Communicator::~Communicator() = default;

Communicator::Communicator(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {
    const MPI_Comm comm = handle_->comm;
    check(MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
    check(MPI_Comm_rank(comm, &rank_), "MPI_Comm_rank");
    check(MPI_Comm_size(comm, &size_), "MPI_Comm_size");
}

Communicator Communicator::world() {
    return Communicator(Handle::duplicate(MPI_COMM_WORLD));
}

Communicator Communicator::duplicate_of(const void* mpi_comm) {
    return Communicator(Handle::duplicate(comm_of(mpi_comm)));
}

Communicator Communicator::duplicate() const {
    if (!handle_) return {};
    return Communicator(Handle::duplicate(handle_->comm));
}

Communicator Communicator::split(int color, int key) const {
    MORPHOGEN_EXPECT(color >= 0);
    if (!handle_) return {};
    auto part = std::make_unique<Handle>();
    check(MPI_Comm_split(handle_->comm, color, key, &part->comm), "MPI_Comm_split");
    return Communicator(std::move(part));
}

Communicator Communicator::split_shared() const {
    if (!handle_) return {};
    auto part = std::make_unique<Handle>();
    check(
        MPI_Comm_split_type(handle_->comm, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &part->comm),
        "MPI_Comm_split_type");
    return Communicator(std::move(part));
}

const void* Communicator::native() const noexcept {
    return handle_ ? &handle_->comm : nullptr;
}

void Communicator::barrier() const {
    if (handle_) check(MPI_Barrier(handle_->comm), "MPI_Barrier");
}

void Communicator::allreduce(std::span<std::int64_t> values, Op op) const {
    if (!handle_) return;
    check(MPI_Allreduce(MPI_IN_PLACE, values.data(), count_of(values.size()), MPI_INT64_T,
                        op_of(op), handle_->comm),
          "MPI_Allreduce");
}

void Communicator::allreduce(std::span<double> values, Op op) const {
    if (!handle_) return;
    check(MPI_Allreduce(MPI_IN_PLACE, values.data(), count_of(values.size()), MPI_DOUBLE, op_of(op),
                        handle_->comm),
          "MPI_Allreduce");
}

std::int64_t Communicator::allreduce(std::int64_t value, Op op) const {
    allreduce({&value, 1}, op);
    return value;
}

double Communicator::allreduce(double value, Op op) const {
    allreduce({&value, 1}, op);
    return value;
}

// A binomial tree to rank 0, then a broadcast. Written out because an MPI_Op gets no context to
// find `merge` by; the order of ranks is kept, so that merge needs to be associative only.
void Communicator::allreduce_tree(std::span<std::byte> value, std::span<std::byte> from,
                                  const void* context, void (*fold)(const void*)) const {
    if (size_ == 1) return;
    const int count = count_of(value.size());
    for (int distance = 1; distance < size_; distance *= 2) {
        if (rank_ % (2 * distance) != 0) {
            check(
                MPI_Send(value.data(), count, MPI_BYTE, rank_ - distance, tree_tag, handle_->comm),
                "MPI_Send");
            break;
        }
        if (rank_ + distance >= size_) continue;
        check(MPI_Recv(from.data(), count, MPI_BYTE, rank_ + distance, tree_tag, handle_->comm,
                       MPI_STATUS_IGNORE),
              "MPI_Recv");
        fold(context);
    }
    broadcast(value, 0);
}

void Communicator::broadcast(std::span<std::byte> bytes, int root) const {
    if (!handle_) return;
    check(MPI_Bcast(bytes.data(), count_of(bytes.size()), MPI_BYTE, root, handle_->comm),
          "MPI_Bcast");
}

void Communicator::broadcast(std::string& text, int root) const {
    std::uint64_t size = text.size();
    broadcast(std::as_writable_bytes(std::span(&size, 1)), root);
    text.resize(size);
    broadcast(std::as_writable_bytes(std::span(text)), root);
}

std::vector<std::byte> Communicator::gather(std::span<const std::byte> bytes, int root) const {
    if (!handle_) return {bytes.begin(), bytes.end()};
    const std::vector<std::int64_t> sizes = all_gather(static_cast<std::int64_t>(bytes.size()));
    std::vector<int> counts;
    std::vector<int> offsets;
    std::int64_t total = 0;
    for (const std::int64_t size : sizes) {
        counts.push_back(core::checked_cast<int>(size));
        offsets.push_back(core::checked_cast<int>(total));
        total += size;
    }
    std::vector<std::byte> all(rank_ == root ? static_cast<std::size_t>(total) : 0);
    check(MPI_Gatherv(bytes.data(), count_of(bytes.size()), MPI_BYTE, all.data(), counts.data(),
                      offsets.data(), MPI_BYTE, root, handle_->comm),
          "MPI_Gatherv");
    return all;
}

std::vector<std::string> Communicator::gather(const std::string& text, int root) const {
    const std::vector<std::int64_t> sizes = all_gather(static_cast<std::int64_t>(text.size()));
    const std::vector<std::byte> all = gather(std::as_bytes(std::span(text)), root);
    std::vector<std::string> texts;
    if (rank_ != root) return texts;
    const char* at = reinterpret_cast<const char*>(all.data());
    for (const std::int64_t size : sizes) {
        texts.emplace_back(at, static_cast<std::size_t>(size));
        at += size;
    }
    return texts;
}

std::vector<std::int64_t> Communicator::all_gather(std::int64_t value) const {
    std::vector<std::int64_t> all(static_cast<std::size_t>(size_), value);
    if (handle_)
        check(MPI_Allgather(&value, 1, MPI_INT64_T, all.data(), 1, MPI_INT64_T, handle_->comm),
              "MPI_Allgather");
    return all;
}

bool Communicator::all_of(bool mine) const {
    return allreduce(std::int64_t{mine ? 1 : 0}, Op::min) == 1;
}

bool Communicator::any_of(bool mine) const {
    return allreduce(std::int64_t{mine ? 1 : 0}, Op::max) == 1;
}

bool Communicator::agree(std::int64_t mine) const {
    // ~x reverses the order without the overflow of -x: one reduction gives both ends.
    std::array<std::int64_t, 2> ends{mine, ~mine};
    allreduce(ends, Op::min);
    return ends[0] == ~ends[1];
}

std::optional<std::string>
Communicator::agree_on_error(const std::optional<std::string>& mine) const {
    const std::int64_t lowest = allreduce(std::int64_t{mine ? rank_ : size_}, Op::min);
    if (lowest == size_) return std::nullopt;
    std::string text = mine.value_or("");
    broadcast(text, static_cast<int>(lowest));
    return text;
}

void Communicator::abort(int code) const noexcept {
    if (handle_ && is_active()) MPI_Abort(handle_->comm, code);
    std::_Exit(code);
}

} // namespace morphogen::mpi
