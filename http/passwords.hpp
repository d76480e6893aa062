// Password hashes: argon2id by libsodium, computed on threads of their own, since one takes as long as thousands of requests.
#pragma once

#include <atomic>
#include <string>

#include <boost/asio/thread_pool.hpp>

#include "actors/completion.hpp"

namespace plo::http {

/// An encoded argon2id hash with a fresh salt. Takes about a tenth of a second and 64 MiB; throws std::bad_alloc when there is no memory.
[[nodiscard]] std::string hash_password(const std::string& password);

/// Thread-safe. What exceeds the queue is answered as unavailable at once.
class password_pool {
public:
  explicit password_pool(unsigned threads);
  ~password_pool();
  password_pool(const password_pool&) = delete;
  password_pool& operator=(const password_pool&) = delete;

  /// Ends what is being computed; what waits still is unavailable.
  void finish();

  enum class verdict { unavailable, wrong, right };
  /// An empty hash is nobody's: wrong, after the time that a real one takes.
  void check(std::string hash, std::string password, actors::completion<verdict> done);
  /// Pays an empty text when there is no room.
  void hash(std::string password, actors::completion<std::string> done);

private:
  template <class Work>
  bool post(Work work);

  std::string nobodys_hash_;
  std::atomic<std::size_t> waiting_{0};
  boost::asio::thread_pool threads_;
};

}  // namespace plo::http
