#include "morphogen/mpi/request.hpp"

#include "morphogen/core/checked_cast.hpp"
#include "morphogen/core/contract.hpp"
#include "morphogen/mpi/environment.hpp"

#include "mpi/check.hpp"

#include <utility>
#include <vector>

namespace morphogen::mpi {

struct RequestSet::Requests {
    std::vector<MPI_Request> all;
    bool in_flight = false;

    Requests() = default;
    Requests(const Requests&) = delete;
    Requests& operator=(const Requests&) = delete;
    ~Requests() {
        if (!is_active()) return;
        for (MPI_Request& request : all) {
            if (in_flight) MPI_Cancel(&request);
            MPI_Request_free(&request);
        }
    }

    int count() const { return core::checked_cast<int>(all.size()); }
};

RequestSet::RequestSet() noexcept = default;
RequestSet::RequestSet(RequestSet&&) noexcept = default;
RequestSet& RequestSet::operator=(RequestSet&&) noexcept = default;
RequestSet::~RequestSet() = default;

void RequestSet::add_send(const Communicator& comm, std::span<const std::byte> bytes, int to,
                          int tag) {
    if (!requests_) requests_ = std::make_unique<Requests>();
    MORPHOGEN_EXPECT(comm.native() != nullptr && !requests_->in_flight);
    MPI_Request request = MPI_REQUEST_NULL;
    check(MPI_Send_init(bytes.data(), core::checked_cast<int>(bytes.size()), MPI_BYTE, to, tag,
                        comm_of(comm.native()), &request),
          "MPI_Send_init");
    requests_->all.push_back(request);
}

void RequestSet::add_receive(const Communicator& comm, std::span<std::byte> bytes, int from,
                             int tag) {
    if (!requests_) requests_ = std::make_unique<Requests>();
    MORPHOGEN_EXPECT(comm.native() != nullptr && !requests_->in_flight);
    MPI_Request request = MPI_REQUEST_NULL;
    check(MPI_Recv_init(bytes.data(), core::checked_cast<int>(bytes.size()), MPI_BYTE, from, tag,
                        comm_of(comm.native()), &request),
          "MPI_Recv_init");
    requests_->all.push_back(request);
}

void RequestSet::start_all() {
    if (empty()) return;
    MORPHOGEN_EXPECT(!requests_->in_flight);
    requests_->in_flight = true;
    check(MPI_Startall(requests_->count(), requests_->all.data()), "MPI_Startall");
}

bool RequestSet::progress() noexcept {
    if (empty()) return true;
    int done = 0;
    const int code =
        MPI_Testall(requests_->count(), requests_->all.data(), &done, MPI_STATUSES_IGNORE);
    return code == MPI_SUCCESS && done != 0;
}

void RequestSet::wait_all() {
    if (empty()) return;
    check(MPI_Waitall(requests_->count(), requests_->all.data(), MPI_STATUSES_IGNORE),
          "MPI_Waitall");
    requests_->in_flight = false;
}

bool RequestSet::empty() const noexcept {
    return !requests_ || requests_->all.empty();
}

} // namespace morphogen::mpi
