#include "actors/outbox/curl_transfer.hpp"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

namespace plo::actors {

namespace {

constexpr milliseconds longest_connect{5'000};

CURL* make_handle() {
  // Once for the process, and not while threads race for it.
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  auto* handle = ready == CURLE_OK ? curl_easy_init() : nullptr;
  if (handle == nullptr) throw std::runtime_error("libcurl cannot be used");
  return handle;
}

}  // namespace

curl_transfer::curl_transfer(const std::atomic<bool>& stopping) : handle_(make_handle(), curl_easy_cleanup), stopping_(stopping) {}

void curl_transfer::begin(const std::string& url, milliseconds timeout, const std::string& ca_file, bool check_certificate) {
  curl_easy_reset(handle_.get());
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L);  // no waiting for a name server that does not answer
  set(CURLOPT_ERRORBUFFER, error_);
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.count()));
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(std::min(timeout, longest_connect).count()));
  set(CURLOPT_SSL_VERIFYPEER, check_certificate ? 1L : 0L);
  set(CURLOPT_SSL_VERIFYHOST, check_certificate ? 2L : 0L);
  if (!ca_file.empty()) set(CURLOPT_CAINFO, ca_file.c_str());
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, &curl_transfer::on_progress);
  set(CURLOPT_XFERINFODATA, static_cast<void*>(this));
  cut_at_ = {};
}

CURLcode curl_transfer::perform() {
  error_[0] = '\0';
  return curl_easy_perform(handle_.get());
}

std::string curl_transfer::error(CURLcode code) const { return error_[0] != '\0' ? std::string(error_) : curl_easy_strerror(code); }

long curl_transfer::response_code() const {
  long code = 0;
  curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &code);
  return code;
}

void curl_transfer::misused(CURLoption option) {
  throw std::logic_error(fmt::format("libcurl does not take option {}", static_cast<int>(option)));
}

int curl_transfer::on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  auto& transfer = *static_cast<curl_transfer*>(self);
  if (!transfer.stopping_) return 0;
  const auto now = std::chrono::steady_clock::now();
  if (transfer.cut_at_ == std::chrono::steady_clock::time_point{}) transfer.cut_at_ = now + grace;
  return now >= transfer.cut_at_ ? 1 : 0;
}

void curl_list::add(const std::string& text) {
  auto* longer = curl_slist_append(list_.get(), text.c_str());
  if (longer == nullptr) throw std::bad_alloc();
  // The list begins where it began, unless it was empty.
  static_cast<void>(list_.release());
  list_.reset(longer);
}

}  // namespace plo::actors
