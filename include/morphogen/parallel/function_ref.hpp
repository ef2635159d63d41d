#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace morphogen::parallel {

template <typename Signature>
class FunctionRef;

/// A non-owning reference to something callable, as C++26's std::function_ref: lets code that calls
/// back live in a .cpp. The callable must outlive it; meant for parameters.
template <typename R, typename... Args>
class FunctionRef<R(Args...)> {
public:
    template <typename F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, FunctionRef> &&
             std::is_invocable_r_v<R, F&, Args...>) FunctionRef(F&& f)
    noexcept
        : object_(const_cast<void*>(static_cast<const void*>(std::addressof(f)))),
          call_([](void* object, Args... args) {
              return static_cast<R>(
                  (*static_cast<std::remove_reference_t<F>*>(object))(std::forward<Args>(args)...));
          }) {}

    R operator()(Args... args) const { return call_(object_, std::forward<Args>(args)...); }

private:
    void* object_;
    R (*call_)(void*, Args...);
};

} // namespace morphogen::parallel
