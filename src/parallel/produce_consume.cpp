#include "morphogen/parallel/produce_consume.hpp"

#include "slot_exchange.hpp"

namespace morphogen::parallel {

void produce_consume(Team& team, core::Index n, core::Index slots, SlotExchange::Produce produce,
                     SlotExchange::Consume consume) {
    SlotExchange& exchange = team.slots();
    exchange.start(n, slots);
    if (n == 0) return;
    team.run([&](int thread) {
        if (thread == 0)
            exchange.work_as_host(produce, consume);
        else
            exchange.work(thread, produce);
    });
}

} // namespace morphogen::parallel
