#pragma once

#include "morphogen/mpi/communicator.hpp"

#include "catch.hpp"

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

namespace morphogen::test {

/// One directory for all ranks, removed by rank 0 once all are done with it.
class SharedDirectory {
public:
    explicit SharedDirectory(const mpi::Communicator& comm) : comm_(comm) {
        if (comm.rank() == 0) {
            std::string name =
                (std::filesystem::temp_directory_path() / "morphogen-run-XXXXXX").string();
            REQUIRE(::mkdtemp(name.data()) != nullptr);
            path_ = name;
        }
        comm.broadcast(path_);
    }
    ~SharedDirectory() {
        comm_.barrier();
        std::error_code ignored;
        if (comm_.rank() == 0) std::filesystem::remove_all(path_, ignored);
    }
    SharedDirectory(const SharedDirectory&) = delete;
    SharedDirectory& operator=(const SharedDirectory&) = delete;

    const std::string& path() const noexcept { return path_; }

private:
    const mpi::Communicator& comm_;
    std::string path_;
};

} // namespace morphogen::test
