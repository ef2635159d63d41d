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

bool keeps_creation_order(const Group& group) {
    const Properties creation(call("H5Gget_create_plist", {.object = group.get()},
                                   [&] { return H5Gget_create_plist(group.get()); }));
    unsigned order = 0;
    call("H5Pget_link_creation_order", {.object = group.get()},
         [&] { return H5Pget_link_creation_order(creation.get(), &order); });
    return (order & H5P_CRT_ORDER_TRACKED) != 0;
}

} // namespace

std::vector<Link> links_of(const Group& group, LinkOrder order) {
    const H5_index_t index = order == LinkOrder::by_creation && keeps_creation_order(group)
                                 ? H5_INDEX_CRT_ORDER
                                 : H5_INDEX_NAME;
    Links links;
    call("H5Literate", {.object = group.get()},
         [&] { return H5Literate(group.get(), index, H5_ITER_INC, nullptr, add_link, &links); });
    return links.take();
}

std::string below(const std::string& group, const std::string& name) {
    return (group == "/" ? "" : group) + "/" + name;
}

} // namespace morphogen::store::hdf5
