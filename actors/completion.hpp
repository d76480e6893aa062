// An answer owed to somebody outside the actor system.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

namespace plo::actors {

/// Copies share one debt; the first call pays it and later calls do nothing. When the last copy goes away unpaid, the receiver gets
/// `abandoned` instead, so nobody waits for ever on an actor that died. The receiver runs on the caller's thread and must not block.
template <class T>
class completion {
public:
  completion() = default;
  completion(std::function<void(T)> receiver, T abandoned)
      : debt_(std::make_shared<debt>(std::move(receiver), std::move(abandoned))) {}

  void operator()(T answer) const {
    if (debt_) debt_->pay(std::move(answer));
  }
  explicit operator bool() const { return debt_ != nullptr; }

private:
  struct debt {
    debt(std::function<void(T)> r, T a) : receiver(std::move(r)), abandoned(std::move(a)) {}
    debt(const debt&) = delete;
    debt& operator=(const debt&) = delete;
    ~debt() { pay(std::move(abandoned)); }
    void pay(T answer) {
      if (paid.exchange(true)) return;
      // What the receiver holds on to goes with the payment, not with the last copy.
      const auto pay_out = std::move(receiver);
      pay_out(std::move(answer));
    }
    std::function<void(T)> receiver;
    T abandoned;
    std::atomic<bool> paid{false};
  };
  std::shared_ptr<debt> debt_;
};

}  // namespace plo::actors
