// Password hashes: argon2id by libsodium, computed on threads of their own, since one takes as long as thousands of requests.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include <boost/asio/thread_pool.hpp>

#include "actors/core/completion.hpp"
#include "http/server/fair_queue.hpp"

namespace plo::http {

/// An encoded argon2id hash with a fresh salt. Takes about a tenth of a second and 64 MiB; throws std::bad_alloc when there is no memory.
[[nodiscard]] std::string hash_password(const std::string& password);

/// Whose password is looked at: everybody has a turn, and those who are known do not wait behind strangers.
struct password_lane {
  std::string name;
  bool known = false;
};

/// Thread-safe. What exceeds the queue is answered as unavailable at once.
class password_pool {
public:
  explicit password_pool(unsigned threads);
  ~password_pool();
  password_pool(const password_pool&) = delete;
  password_pool& operator=(const password_pool&) = delete;

  /// Ends what is being computed; what waits still is unavailable. Nothing may be asked after it.
  void finish();

  enum class verdict { unavailable, wrong, right };
  /// An empty hash is nobody's: wrong, after the time that a real one takes. Unavailable too where there is no memory for it.
  void check(const password_lane& lane, std::string hash, std::string password, actors::completion<verdict> done);
  /// Pays an empty text when there is no room.
  void hash(std::string password, actors::completion<std::string> done);

private:
  using job = std::function<void()>;
  [[nodiscard]] bool post(const password_lane& lane, job work);
  void run_next();

  std::string nobodys_hash_;
  std::mutex guard_;
  fair_queue<job> queue_;
  std::optional<boost::asio::thread_pool> threads_;
};

}  // namespace plo::http
