#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace morphogen::mpi {

enum class Op { sum, min, max };

/// A group of ranks with a message context of its own. Owns its MPI communicator and frees it
/// (unless MPI is finalized by then). Made without MPI (default constructor) it is a group of one:
/// everything works and calls nothing.
///
/// Errors of MPI become mpi::Failure naming the call. "Collective": every rank must call it, in the
/// same order. One thread at a time per communicator; two threads with two communicators need
/// ThreadLevel::multiple.
class Communicator {
public:
    /// One rank, this one, without MPI.
    Communicator() noexcept;
    Communicator(Communicator&&) noexcept;
    Communicator& operator=(Communicator&&) noexcept;
    ~Communicator();

    /// A duplicate of MPI_COMM_WORLD. Collective.
    static Communicator world();
    /// A duplicate of the host program's communicator, given as `const MPI_Comm*`. Collective over
    /// it.
    static Communicator duplicate_of(const void* mpi_comm);

    /// The same ranks, another context. Collective.
    Communicator duplicate() const;
    /// Ranks that give the same @p color (>= 0), ordered by @p key, then rank. Collective.
    Communicator split(int color, int key) const;
    /// Ranks that share memory: those of one node. Collective.
    Communicator split_shared() const;

    int rank() const noexcept { return rank_; }
    int size() const noexcept { return size_; }
    bool is_root() const noexcept { return rank_ == 0; }

    /// `const MPI_Comm*` for code that includes mpi.h; null if made without MPI.
    const void* native() const noexcept;

    void barrier() const;

    /// In place, element by element. A sum of doubles depends on the number of ranks in its last
    /// bits. Collective.
    void allreduce(std::span<std::int64_t> values, Op op) const;
    void allreduce(std::span<double> values, Op op) const;
    std::int64_t allreduce(std::int64_t value, Op op) const;
    double allreduce(double value, Op op) const;

    /// Combines one @p value per rank by @p merge(into, from), an associative function, in the
    /// order of ranks (a fixed tree); every rank gets the result. One collective for a whole struct
    /// of different figures.
    template <typename T>
    void allreduce_struct(T& value, void (*merge)(T& into, const T& from)) const {
        static_assert(std::is_trivially_copyable_v<T>);
        T from{};
        const auto fold = [&] { merge(value, from); };
        allreduce_tree({reinterpret_cast<std::byte*>(&value), sizeof(T)},
                       {reinterpret_cast<std::byte*>(&from), sizeof(T)}, &fold,
                       [](const void* f) { (*static_cast<const decltype(fold)*>(f))(); });
    }

    void broadcast(std::span<std::byte> bytes, int root = 0) const;
    void broadcast(std::string& text, int root = 0) const;

    /// Every rank's text by rank on @p root, nothing elsewhere. Collective.
    std::vector<std::string> gather(const std::string& text, int root = 0) const;
    /// Every rank's bytes one after the other by rank on @p root, nothing elsewhere. Collective.
    std::vector<std::byte> gather(std::span<const std::byte> bytes, int root = 0) const;
    /// Every rank's value, by rank. Collective.
    std::vector<std::int64_t> all_gather(std::int64_t value) const;

    /// True if it is true on every rank / on any rank. Collective.
    bool all_of(bool mine) const;
    bool any_of(bool mine) const;
    /// Whether every rank says the same. Collective.
    bool agree(std::int64_t mine) const;
    /// The text of the lowest rank that has one, on every rank; nothing if none has. Collective.
    std::optional<std::string> agree_on_error(const std::optional<std::string>& mine) const;

    /// Ends every rank of the job at once with exit code @p code.
    [[noreturn]] void abort(int code) const noexcept;

private:
    struct Handle;
    explicit Communicator(std::unique_ptr<Handle> handle);
    void allreduce_tree(std::span<std::byte> value, std::span<std::byte> from, const void* context,
                        void (*fold)(const void*)) const;

    std::unique_ptr<Handle> handle_; // null: without MPI
    int rank_ = 0;
    int size_ = 1;
};

} // namespace morphogen::mpi
