// One libcurl handle for one peer: connections stay open between transfers. The only header that knows libcurl.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include <curl/curl.h>

#include "base/time.hpp"

namespace plo::actors {

class curl_transfer {
public:
  /// A transfer under way when `stopping` becomes true has this long to come to its end.
  static constexpr std::chrono::milliseconds grace{700};

  explicit curl_transfer(const std::atomic<bool>& stopping);

  /// Forgets the options of the last transfer, not the connection, and sets what all have in common.
  void begin(const std::string& url, milliseconds timeout, const std::string& ca_file, bool check_certificate);

  template <class T>
  void set(CURLoption option, T value) {
    if (curl_easy_setopt(handle_.get(), option, value) != CURLE_OK) misused(option);
  }

  [[nodiscard]] CURLcode perform();
  /// What went wrong in the last transfer, in a sentence.
  [[nodiscard]] std::string error(CURLcode code) const;
  [[nodiscard]] long response_code() const;

private:
  [[noreturn]] static void misused(CURLoption option);
  static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t);

  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> handle_;
  const std::atomic<bool>& stopping_;
  std::chrono::steady_clock::time_point cut_at_{};
  char error_[CURL_ERROR_SIZE] = {};
};

/// A list of texts that libcurl takes.
class curl_list {
public:
  void add(const std::string& text);
  [[nodiscard]] curl_slist* get() const { return list_.get(); }

private:
  std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> list_{nullptr, curl_slist_free_all};
};

}  // namespace plo::actors
