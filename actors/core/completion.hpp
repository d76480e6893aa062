// An answer owed to somebody outside the actor system.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

namespace plo::actors {

/// Copies share one debt; the first call pays it and later calls do nothing. When the last copy goes away unpaid, the receiver gets a
/// default-made T instead, so nobody waits for ever on an actor that died. The receiver runs on the caller's thread and must not block.
template <class T>
class completion {
public:
  completion() = default;
  explicit completion(std::function<void(T)> receiver) : debt_(std::make_shared<debt>(std::move(receiver))) {}

  void operator()(T answer) const {
    if (debt_) debt_->pay(std::move(answer));
  }
  explicit operator bool() const { return debt_ != nullptr; }

private:
  struct debt {
    explicit debt(std::function<void(T)> r) : receiver(std::move(r)) {}
    debt(const debt&) = delete;
    debt& operator=(const debt&) = delete;
    ~debt() { pay(T{}); }
    void pay(T answer) {
      if (paid.exchange(true)) return;
      // What the receiver holds on to goes with the payment, not with the last copy.
      const auto pay_out = std::move(receiver);
      pay_out(std::move(answer));
    }
    std::function<void(T)> receiver;
    std::atomic<bool> paid{false};
  };
  std::shared_ptr<debt> debt_;
};

}  // namespace plo::actors
