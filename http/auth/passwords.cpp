#include "http/auth/passwords.hpp"

#include <array>
#include <cerrno>
#include <new>

#include <boost/asio/post.hpp>
#include <sodium.h>
#include <spdlog/spdlog.h>

namespace plo::http {

namespace {

constexpr std::size_t max_waiting_passwords = 256;  // some seconds of work
constexpr std::size_t max_waiting_of_one = 32;

/// Wipes a password when it has been used.
struct wiped {
  std::string text;
  explicit wiped(std::string t) : text(std::move(t)) {}
  wiped(wiped&&) = default;
  wiped& operator=(wiped&&) = delete;
  wiped(const wiped&) = default;
  wiped& operator=(const wiped&) = delete;
  ~wiped() { sodium_memzero(text.data(), text.size()); }
};

}  // namespace

std::string hash_password(const std::string& password) {
  std::array<char, crypto_pwhash_STRBYTES> encoded{};
  if (crypto_pwhash_str(encoded.data(), password.data(), password.size(), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                        crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0)
    throw std::bad_alloc();
  return encoded.data();
}

password_pool::password_pool(unsigned threads) : queue_(max_waiting_passwords, max_waiting_of_one) {
  threads_.emplace(threads);
  std::string nobodys(32, '\0');
  randombytes_buf(nobodys.data(), nobodys.size());
  nobodys_hash_ = hash_password(nobodys);
}

password_pool::~password_pool() { finish(); }

void password_pool::finish() {
  if (!threads_) return;
  threads_->stop();
  threads_->join();
  threads_.reset();
  // What waits still goes unpaid, and so is told that it is unavailable.
  const std::lock_guard lock(guard_);
  while (queue_.pop()) {
  }
}

bool password_pool::post(const password_lane& lane, job work) {
  {
    const std::lock_guard lock(guard_);
    if (!queue_.push(lane.name, lane.known, std::move(work))) return false;
  }
  boost::asio::post(*threads_, [this] { run_next(); });
  return true;
}

void password_pool::run_next() {
  std::optional<job> next;
  {
    const std::lock_guard lock(guard_);
    next = queue_.pop();
  }
  try {
    if (next) (*next)();
  } catch (const std::exception& failure) {
    spdlog::error("a password could not be looked at: {}", failure.what());
  }
}

void password_pool::check(const password_lane& lane, std::string hash, std::string password, actors::completion<verdict> done) {
  const bool somebodys = !hash.empty();
  const bool taken = post(lane, [this, somebodys, hash = std::move(hash), secret = wiped(std::move(password)), done] {
    const auto& against = somebodys ? hash : nobodys_hash_;
    errno = 0;
    const bool same = crypto_pwhash_str_verify(against.c_str(), secret.text.data(), secret.text.size()) == 0;
    // libsodium says EINVAL where the password is another one; anything else is a lack of memory, and says nothing about the password.
    if (!same && errno != EINVAL) return done(verdict::unavailable);
    done(same && somebodys ? verdict::right : verdict::wrong);
  });
  if (!taken) done(verdict::unavailable);
}

void password_pool::hash(std::string password, actors::completion<std::string> done) {
  const bool taken = post({"hash", true}, [secret = wiped(std::move(password)), done] {
    try {
      done(hash_password(secret.text));
    } catch (const std::bad_alloc&) {
      done({});
    }
  });
  if (!taken) done({});
}

}  // namespace plo::http
