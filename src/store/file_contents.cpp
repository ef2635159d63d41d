#include "morphogen/core/error.hpp"
#include "morphogen/store/hdf5/dataset.hpp"
#include "morphogen/store/reader.hpp"

#include "store/hdf5/check_object.hpp"
#include "store/hdf5/links.hpp"

#include <algorithm>
#include <set>
#include <utility>

/// What FileReader tells of all that a file has.
namespace morphogen::store {
namespace {

using hdf5::call;
using hdf5::Link;

/// H5Ovisit would end at the first object that it cannot open, and hide the others.
class Walk {
public:
    explicit Walk(const hdf5::File& file) : file_(file) {}

    FileContents run() {
        H5O_info_t root{};
        call("H5Oget_info", {.object = file_.get()},
             [&] { return H5Oget_info2(file_.get(), &root, H5O_INFO_BASIC); });
        met_.insert(root.addr);
        enter("/");
        while (!waiting_.empty()) {
            const auto [path, link] = std::move(waiting_.back());
            waiting_.pop_back();
            visit(path, link);
        }
        std::sort(found_.datasets.begin(), found_.datasets.end());
        std::sort(found_.external_links.begin(), found_.external_links.end(),
                  [](const ExternalLink& a, const ExternalLink& b) { return a.path < b.path; });
        return std::move(found_);
    }

private:
    template <typename Look>
    void guarded(Look&& look) {
        try {
            look();
        } catch (const core::Error&) {
            found_.damaged.push_back(std::current_exception());
        }
    }

    void enter(const std::string& path) {
        guarded([&] {
            auto links =
                links_of(hdf5::open_group(file_.get(), path.c_str()), hdf5::LinkOrder::by_name);
            // The last is taken first: an object of several links has the first one's name.
            for (auto link = links.rbegin(); link != links.rend(); ++link)
                waiting_.emplace_back(hdf5::below(path, link->name), std::move(*link));
        });
    }

    void visit(const std::string& path, const Link& link) {
        if (link.type == H5L_TYPE_EXTERNAL)
            guarded([&] { found_.external_links.push_back(read_link(path, link)); });
        if (link.type != H5L_TYPE_HARD || !met_.insert(link.address).second) return;
        H5O_type_t type = H5O_TYPE_UNKNOWN;
        guarded([&] { type = type_of(path, link); });
        if (type == H5O_TYPE_DATASET) found_.datasets.push_back(path);
        if (type == H5O_TYPE_GROUP) enter(path);
    }

    H5O_type_t type_of(const std::string& path, const Link& link) const {
        hdf5::check_header(file_, path, link.address);
        H5O_info_t info{};
        call("H5Oget_info_by_name", {file_.get(), path}, [&] {
            return H5Oget_info_by_name2(file_.get(), path.c_str(), &info, H5O_INFO_BASIC,
                                        H5P_DEFAULT);
        });
        return info.type;
    }

    ExternalLink read_link(const std::string& path, const Link& link) const {
        std::string value(link.value_size + 1, '\0');
        const char* file = "";
        const char* object = "";
        call("H5Lget_val", {file_.get(), path}, [&] {
            return H5Lget_val(file_.get(), path.c_str(), value.data(), value.size(), H5P_DEFAULT);
        });
        call("H5Lunpack_elink_val", {file_.get(), path}, [&] {
            return H5Lunpack_elink_val(value.data(), link.value_size, nullptr, &file, &object);
        });
        return {path, file, object};
    }

    const hdf5::File& file_;
    FileContents found_;
    std::set<haddr_t> met_;
    std::vector<std::pair<std::string, Link>> waiting_;
};

} // namespace

FileContents FileReader::contents() const {
    return Walk(file_).run();
}

FileContents FileReader::whole_contents() const {
    FileContents contents = this->contents();
    if (!contents.damaged.empty()) std::rethrow_exception(contents.damaged.front());
    return contents;
}

std::vector<DatasetInfo> FileReader::datasets() const {
    std::vector<DatasetInfo> infos;
    for (const std::string& path : whole_contents().datasets)
        infos.push_back(dataset(path));
    return infos;
}

} // namespace morphogen::store
