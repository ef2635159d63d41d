#include "rework/reducer.hpp"

#include "morphogen/core/contract.hpp"

#include <algorithm>
#include <cstring>

namespace morphogen::rework {
namespace {

template <typename T>
T* as(std::span<std::byte> bytes) {
    return reinterpret_cast<T*>(bytes.data());
}

template <typename T>
const T* as(std::span<const std::byte> bytes) {
    return reinterpret_cast<const T*>(bytes.data());
}

} // namespace

Reducer::Reducer(Reduction reduction, store::NumberType type, std::size_t elements)
    : reduction_(reduction), type_(type), elements_(elements),
      state_(elements * (reduction == Reduction::mean ? sizeof(double) : bytes_of(type))) {
    MORPHOGEN_EXPECT(reduction != Reduction::stack);
}

store::NumberType Reducer::result_type() const noexcept {
    return reduction_ == Reduction::mean && !is_floating(type_) ? store::NumberType::f64 : type_;
}

void Reducer::add(std::span<const std::byte> values) {
    const bool first = count_++ == 0;
    with_number(type_, [&]<typename T>(T) {
        const T* in = as<T>(values);
        if (reduction_ == Reduction::mean) {
            double* sum = as<double>(state_.span());
            if (first) std::fill_n(sum, elements_, 0.0);
            for (std::size_t i = 0; i < elements_; ++i)
                sum[i] += static_cast<double>(in[i]);
            return;
        }
        T* best = as<T>(state_.span());
        if (first) {
            std::memcpy(best, in, elements_ * sizeof(T));
            return;
        }
        // What is not a number is unequal to itself, and wins for good.
        if (reduction_ == Reduction::min)
            for (std::size_t i = 0; i < elements_; ++i)
                best[i] = in[i] < best[i] || in[i] != in[i] ? in[i] : best[i];
        else
            for (std::size_t i = 0; i < elements_; ++i)
                best[i] = in[i] > best[i] || in[i] != in[i] ? in[i] : best[i];
    });
}

void Reducer::finish(std::span<std::byte> out) {
    MORPHOGEN_EXPECT(count_ > 0);
    if (reduction_ != Reduction::mean) {
        std::memcpy(out.data(), state_.data(), out.size());
    } else {
        const double* sum = as<double>(state_.span());
        const auto count = static_cast<double>(count_);
        if (result_type() == store::NumberType::f32)
            for (std::size_t i = 0; i < elements_; ++i)
                as<float>(out)[i] = static_cast<float>(sum[i] / count);
        else
            for (std::size_t i = 0; i < elements_; ++i)
                as<double>(out)[i] = sum[i] / count;
    }
    count_ = 0;
}

} // namespace morphogen::rework
