#include "store/virtual_cycle.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/store/hdf5/dataset.hpp"

#include "store/dataset_info.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

namespace morphogen::store {
namespace {

namespace fs = std::filesystem;
using Node = std::pair<std::string, std::string>; // file and dataset

fs::path one_name(const fs::path& path) {
    std::error_code failed;
    fs::path found = fs::weakly_canonical(path, failed);
    return failed ? path : found;
}

class CycleFinder {
public:
    void visit(const hdf5::File& file, const fs::path& path, const std::string& dataset) {
        const Node node{path.native(), dataset.starts_with('/') ? dataset : "/" + dataset};
        if (done_.contains(node)) return;
        if (std::find(way_.begin(), way_.end(), node) != way_.end()) {
            const std::string where = fmt::format("{}, {}", node.first, node.second);
            throw core::Error(core::ErrorText{.what = "cannot read virtual dataset",
                                              .where = where,
                                              .why = "its sources lead back to it"});
        }
        way_.push_back(node);
        for (const Node& source : sources_of(file, node.second))
            follow(file, path, source);
        way_.pop_back();
        done_.insert(node);
    }

private:
    static std::set<Node> sources_of(const hdf5::File& file, const std::string& dataset) {
        std::set<Node> found;
        try {
            const auto creation =
                hdf5::creation_of(hdf5::open_dataset(file.get(), dataset.c_str()));
            if (H5Pget_layout(creation.get()) != H5D_VIRTUAL) return found;
            for (VirtualSource& source : virtual_sources(creation))
                found.emplace(std::move(source.file), std::move(source.dataset));
        } catch (const core::Error&) { // whoever reads it is told
        }
        return found;
    }

    void follow(const hdf5::File& file, const fs::path& path, const Node& source) {
        if (source.first == ".") return visit(file, path, source.second);
        const fs::path there = one_name(path.parent_path() / source.first);
        hdf5::File other;
        try {
            other = hdf5::open_file(there, hdf5::Mode::read);
        } catch (const core::Error&) { // missing, or a numbered series
            return;
        }
        visit(other, there, source.second);
    }

    std::vector<Node> way_; // from the first to where we are
    std::set<Node> done_;
};

} // namespace

void check_no_cycle(const hdf5::File& file, const fs::path& path, const std::string& dataset) {
    CycleFinder().visit(file, one_name(path), dataset);
}

} // namespace morphogen::store
