#include "http/passwords.hpp"

#include <array>
#include <new>

#include <boost/asio/post.hpp>
#include <sodium.h>

namespace plo::http {

namespace {

constexpr std::size_t max_waiting_passwords = 64;  // some seconds of work

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

password_pool::password_pool(unsigned threads) : threads_(threads) {
  std::string nobodys(32, '\0');
  randombytes_buf(nobodys.data(), nobodys.size());
  nobodys_hash_ = hash_password(nobodys);
}

password_pool::~password_pool() { finish(); }

void password_pool::finish() {
  threads_.stop();
  threads_.join();
}

template <class Work>
bool password_pool::post(Work work) {
  if (waiting_.fetch_add(1) >= max_waiting_passwords) {
    waiting_.fetch_sub(1);
    return false;
  }
  boost::asio::post(threads_, [this, work = std::move(work)] {
    work();
    waiting_.fetch_sub(1);
  });
  return true;
}

void password_pool::check(std::string hash, std::string password, actors::completion<verdict> done) {
  const bool somebodys = !hash.empty();
  const bool taken = post([this, somebodys, hash = std::move(hash), secret = wiped(std::move(password)), done] {
    const auto& against = somebodys ? hash : nobodys_hash_;
    const bool same = crypto_pwhash_str_verify(against.c_str(), secret.text.data(), secret.text.size()) == 0;
    done(same && somebodys ? verdict::right : verdict::wrong);
  });
  if (!taken) done(verdict::unavailable);
}

void password_pool::hash(std::string password, actors::completion<std::string> done) {
  const bool taken = post([secret = wiped(std::move(password)), done] {
    try {
      done(hash_password(secret.text));
    } catch (const std::bad_alloc&) {
      done({});
    }
  });
  if (!taken) done({});
}

}  // namespace plo::http
