#include "morphogen/mpi/messages.hpp"

#include "morphogen/core/checked_cast.hpp"
#include "morphogen/core/contract.hpp"
#include "morphogen/core/error.hpp"
#include "morphogen/mpi/environment.hpp"

#include "mpi/check.hpp"

#include <cstring>
#include <limits>
#include <utility>
#include <vector>

namespace morphogen::mpi {

std::optional<Message> probe(const Communicator& comm, int from, int tag) {
    int there = 0;
    MPI_Status status;
    check(MPI_Iprobe(from == any_rank ? MPI_ANY_SOURCE : from, tag == any_tag ? MPI_ANY_TAG : tag,
                     comm_of(comm.native()), &there, &status),
          "MPI_Iprobe");
    if (there == 0) return std::nullopt;
    int bytes = 0;
    check(MPI_Get_count(&status, MPI_BYTE, &bytes), "MPI_Get_count");
    return Message{status.MPI_SOURCE, status.MPI_TAG, core::checked_cast<std::size_t>(bytes)};
}

void receive(const Communicator& comm, const Message& message, std::span<std::byte> into) {
    MORPHOGEN_EXPECT(into.size() >= message.bytes);
    check(MPI_Recv(into.data(), core::checked_cast<int>(message.bytes), MPI_BYTE, message.from,
                   message.tag, comm_of(comm.native()), MPI_STATUS_IGNORE),
          "MPI_Recv");
}

struct Outbox::Slots {
    std::vector<std::vector<std::byte>> bytes;
    std::vector<MPI_Request> requests;

    explicit Slots(int count)
        : bytes(static_cast<std::size_t>(count)),
          requests(static_cast<std::size_t>(count), MPI_REQUEST_NULL) {}
    Slots(const Slots&) = delete;
    Slots& operator=(const Slots&) = delete;
    ~Slots() {
        // Only where the ranks are out of step is anything left, and the job about to end: MPI may
        // still read these bytes, and Open MPI does not cancel sends.
        for (std::size_t i = 0; i < requests.size(); ++i)
            if (requests[i] != MPI_REQUEST_NULL && is_active())
                static_cast<void>(new std::vector<std::byte>(std::move(bytes[i])));
    }
};

Outbox::Outbox(const Communicator& comm, int to, int slots)
    : slots_(std::make_unique<Slots>(slots)), comm_(comm), to_(to) {}

Outbox::~Outbox() = default;

bool Outbox::try_send(std::span<const std::byte> head, std::span<const std::byte> body, int tag) {
    const std::size_t size = head.size() + body.size();
    if (size > static_cast<std::size_t>(std::numeric_limits<int>::max()))
        throw core::Error(core::ErrorText{.what = "chunk too large to send to another rank",
                                          .where = std::to_string(size) + " bytes",
                                          .why = "MPI counts to 2^31 - 1",
                                          .advice = "use one rank, or smaller chunks"});
    for (std::size_t i = 0; i < slots_->requests.size(); ++i) {
        MPI_Request& request = slots_->requests[i];
        int done = 1;
        check(MPI_Test(&request, &done, MPI_STATUS_IGNORE), "MPI_Test"); // null: done
        if (done == 0) continue;
        std::vector<std::byte>& bytes = slots_->bytes[i];
        if (bytes.size() < size) bytes = std::vector<std::byte>(size);
        if (!head.empty()) std::memcpy(bytes.data(), head.data(), head.size());
        if (!body.empty()) std::memcpy(bytes.data() + head.size(), body.data(), body.size());
        check(MPI_Issend(bytes.data(), core::checked_cast<int>(size), MPI_BYTE, to_, tag,
                         comm_of(comm_.native()), &request),
              "MPI_Issend");
        return true;
    }
    return false;
}

bool Outbox::is_empty() {
    for (MPI_Request& request : slots_->requests) {
        int done = 1;
        check(MPI_Test(&request, &done, MPI_STATUS_IGNORE), "MPI_Test");
        if (done == 0) return false;
    }
    return true;
}

} // namespace morphogen::mpi
