#include "actors/project/message_composer.hpp"

namespace plo::actors {

namespace {

class project_message final : public message {
public:
  project_message(const notification_request& request, notifications::known_then known, const message_texts& texts)
      : request_(request), known_(std::move(known)), settings_{*texts.templates, texts.public_url, texts.domain} {}

  notifications::mail mail() const override { return notifications::compose_mail(known_.of(request_), settings_); }
  std::string ticket() const override { return notifications::compose_ticket(known_.of(request_), settings_); }
  std::string subject() const override { return notifications::compose_subject(known_.of(request_), settings_); }

private:
  const notification_request& request_;
  notifications::known_then known_;
  notifications::message_settings settings_;
};

}  // namespace

message_composer compose_project_messages(const eventstore::log& log, message_texts texts) {
  return [&log, texts = std::make_shared<const message_texts>(std::move(texts))](const notification_request& request, const recorded_event& requested) {
    const auto read = [&](const auto& visit) { log.read_stream(requested.stream, {1}, visit); };
    auto known = notifications::fold_until(request, requested, read, texts->domain);
    return std::make_unique<project_message>(request, std::move(known), *texts);
  };
}

}  // namespace plo::actors
