#include "store/hdf5/links.hpp"

#include "store/hdf5/collected.hpp"

namespace morphogen::store::hdf5 {
namespace {

using Links = Collected<Link>;

herr_t add_link(hid_t, const char* name, const H5L_info_t* info, void* links) noexcept {
    return static_cast<Links*>(links)->add([&] {
        Link link{.name = name, .type = info->type};
        if (info->type == H5L_TYPE_HARD)
            link.address = info->u.address;
        else
            link.value_size = info->u.val_size;
        return link;
    });
}

bool keeps_creation_order(hid_t group, const Subject& subject) {
    const Properties creation(
        call("H5Gget_create_plist", subject, [&] { return H5Gget_create_plist(group); }));
    unsigned order = 0;
    call("H5Pget_link_creation_order", subject,
         [&] { return H5Pget_link_creation_order(creation.get(), &order); });
    return (order & H5P_CRT_ORDER_TRACKED) != 0;
}

} // namespace

std::vector<Link> links_of(hid_t group, LinkOrder order, const Subject& subject) {
    const H5_index_t index = order == LinkOrder::by_creation && keeps_creation_order(group, subject)
                                 ? H5_INDEX_CRT_ORDER
                                 : H5_INDEX_NAME;
    Links links;
    call("H5Literate", subject,
         [&] { return H5Literate(group, index, H5_ITER_INC, nullptr, add_link, &links); });
    return links.take();
}

std::pair<std::string, std::string> external_target(hid_t parent, const std::string& link) {
    H5L_info_t info{};
    call("H5Lget_info", {parent, link},
         [&] { return H5Lget_info(parent, link.c_str(), &info, H5P_DEFAULT); });
    std::string value(info.u.val_size + 1, '\0');
    const char* file = "";
    const char* object = "";
    call("H5Lget_val", {parent, link},
         [&] { return H5Lget_val(parent, link.c_str(), value.data(), value.size(), H5P_DEFAULT); });
    call("H5Lunpack_elink_val", {parent, link}, [&] {
        return H5Lunpack_elink_val(value.data(), info.u.val_size, nullptr, &file, &object);
    });
    return {file, object};
}

std::string below(const std::string& group, const std::string& name) {
    return (group == "/" ? "" : group) + "/" + name;
}

} // namespace morphogen::store::hdf5
