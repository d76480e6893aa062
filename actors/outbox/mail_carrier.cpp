// Mail by SMTP.
#include <algorithm>

#include <fmt/format.h>

#include "actors/core/clock.hpp"
#include "actors/outbox/carrier.hpp"
#include "actors/outbox/curl_transfer.hpp"
#include "actors/outbox/smtp_transcript.hpp"

namespace plo::actors {

namespace {

struct upload {
  std::string_view rest;
  static std::size_t read(char* buffer, std::size_t size, std::size_t count, void* self) {
    auto& rest = static_cast<upload*>(self)->rest;
    const auto taken = rest.copy(buffer, size * count);
    rest.remove_prefix(taken);
    return taken;
  }
};

int listen(CURL*, curl_infotype what, char* text, std::size_t size, void* transcript) {
  auto& heard = *static_cast<smtp_transcript*>(transcript);
  if (what == CURLINFO_HEADER_OUT) heard.sent({text, size});
  if (what == CURLINFO_HEADER_IN) heard.received({text, size});
  return 0;
}

class mail_carrier final : public carrier {
public:
  mail_carrier(const outbox_settings& settings, const std::atomic<bool>& stopping)
      : route_(settings.mail), recipients_(settings.recipients), log_(make_log_carrier()), transfer_(stopping) {}

  attempt carry(const parcel& parcel) override {
    const auto role = recipients_.find(parcel.request.recipient);
    if (role == recipients_.end() || role->second.empty()) return log_->carry(parcel);
    const auto to = still_to_reach(role->second, parcel.item);
    if (to.empty()) return {};

    const auto& request = parcel.request;
    // The header names everybody, whoever is left to be reached.
    const auto message = notifications::mime_message({route_.from, role->second, request.id.to_string(), project_clock::wall_now()}, parcel.says.mail());
    smtp_transcript transcript;
    const auto code = send(to, message, transcript);
    if (code == CURLE_ABORTED_BY_CALLBACK) return cut_short();
    return transcript.outcome(code == CURLE_OK, to, transfer_.error(code));
  }

private:
  static attempt cut_short() {
    attempt result;
    result.cut_short = true;
    return result;
  }

  static std::vector<std::string> still_to_reach(const std::vector<std::string>& all, const outbox_item& item) {
    std::vector<std::string> left;
    for (const auto& address : all) {
      const bool has_it = std::find(item.reached.begin(), item.reached.end(), address) != item.reached.end();
      const bool refused = std::any_of(item.refused.begin(), item.refused.end(), [&](const auto& r) { return r.address == address; });
      const bool twice = std::find(left.begin(), left.end(), address) != left.end();
      if (!has_it && !refused && !twice) left.push_back(address);
    }
    return left;
  }

  CURLcode send(const std::vector<std::string>& to, const std::string& message, smtp_transcript& transcript) {
    const bool tls_from_the_start = route_.url.starts_with("smtps:");
    transfer_.begin(route_.url, route_.timeout, route_.ca_file, tls_from_the_start || route_.tls == mail_tls::required);
    transfer_.set(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    const auto tls = route_.tls == mail_tls::required ? CURLUSESSL_ALL : route_.tls == mail_tls::off ? CURLUSESSL_NONE : CURLUSESSL_TRY;
    transfer_.set(CURLOPT_USE_SSL, static_cast<long>(tls));
    if (!route_.username.empty()) {
      transfer_.set(CURLOPT_USERNAME, route_.username.c_str());
      transfer_.set(CURLOPT_PASSWORD, route_.password.c_str());
    }
    transfer_.set(CURLOPT_MAIL_FROM, fmt::format("<{}>", route_.from).c_str());
    curl_list recipients;
    for (const auto& address : to) recipients.add(fmt::format("<{}>", address));
    transfer_.set(CURLOPT_MAIL_RCPT, recipients.get());
    transfer_.set(CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
    upload body{message};
    transfer_.set(CURLOPT_UPLOAD, 1L);
    transfer_.set(CURLOPT_READFUNCTION, &upload::read);
    transfer_.set(CURLOPT_READDATA, static_cast<void*>(&body));
    transfer_.set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(message.size()));
    // libcurl does not tell which recipients were refused; what the server answered does.
    transfer_.set(CURLOPT_VERBOSE, 1L);
    transfer_.set(CURLOPT_DEBUGFUNCTION, &listen);
    transfer_.set(CURLOPT_DEBUGDATA, static_cast<void*>(&transcript));
    return transfer_.perform();
  }

  mail_route route_;
  std::map<std::string, std::vector<std::string>, std::less<>> recipients_;
  std::unique_ptr<carrier> log_;
  curl_transfer transfer_;
};

}  // namespace

std::unique_ptr<carrier> make_mail_carrier(const outbox_settings& settings, const std::atomic<bool>& stopping) {
  if (settings.mail.url.empty()) return make_log_carrier();
  return std::make_unique<mail_carrier>(settings, stopping);
}

}  // namespace plo::actors
