#include "morphogen/core/error.hpp"
#include "morphogen/store/reader.hpp"

#include "store/hdf5/check_object.hpp"
#include "store/hdf5/links.hpp"

#include <algorithm>
#include <set>
#include <utility>

/// What FileReader tells of all that a file has.
namespace morphogen::store {
namespace {

using hdf5::below;
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
        waiting_.emplace_back("/", root.addr);
        while (!waiting_.empty()) {
            const auto [path, address] = std::move(waiting_.back());
            waiting_.pop_back();
            if (met_.insert(address).second) visit(path, address);
        }
        std::sort(found_.datasets.begin(), found_.datasets.end());
        std::sort(found_.unknown_links.begin(), found_.unknown_links.end());
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

    /// By address: by path, the library would go through all groups above for each object.
    void visit(const std::string& path, haddr_t address) {
        guarded([&] {
            hdf5::check_header(file_, path, address);
            const hdf5::Object object(call("H5Oopen_by_addr", {file_.get(), path},
                                           [&] { return H5Oopen_by_addr(file_.get(), address); }));
            const H5I_type_t type = H5Iget_type(object.get()); // or a type, which holds nothing
            if (type == H5I_DATASET) found_.datasets.push_back(path);
            if (type == H5I_GROUP) enter(path, object.get());
        });
    }

    void enter(const std::string& path, hid_t group) {
        const auto links = links_of(group, hdf5::LinkOrder::by_name, {file_.get(), path});
        // The last is visited first: an object of several links has the first one's name.
        for (auto link = links.rbegin(); link != links.rend(); ++link)
            guarded([&] { note(below(path, link->name), group, *link); });
    }

    void note(const std::string& path, hid_t group, const Link& link) {
        if (link.name.empty() || link.name.find('/') != std::string::npos) refuse_name(path);
        if (link.type == H5L_TYPE_HARD)
            waiting_.emplace_back(path, link.address);
        else if (link.type == H5L_TYPE_EXTERNAL)
            note_external(path, hdf5::external_target(group, link.name));
        else if (link.type != H5L_TYPE_SOFT)
            found_.unknown_links.push_back(path);
    }

    void note_external(const std::string& path, std::pair<std::string, std::string> target) {
        found_.external_links.push_back({path, std::move(target.first), std::move(target.second)});
    }

    [[noreturn]] void refuse_name(const std::string& path) const {
        const std::string where = hdf5::describe({file_.get(), path});
        throw core::Error(core::ErrorText{.what = "a link's name is damaged",
                                          .where = where,
                                          .why = "it is empty or holds a slash"});
    }

    const hdf5::File& file_;
    FileContents found_;
    std::set<haddr_t> met_;
    std::vector<std::pair<std::string, haddr_t>> waiting_;
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
