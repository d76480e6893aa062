#include "actors/outbox/smtp_transcript.hpp"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "domain/notifications/mime.hpp"

namespace plo::actors {

namespace {

constexpr std::size_t max_words = 300;
constexpr int going_away = 421;

template <class Use>
void each_line(std::string_view text, const Use& use) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) use(line);
  }
}

bool is_permanent(int code) { return code >= 500; }

/// Answers that speak of us, not of the message: they may change when the configuration does.
bool is_about_access(int code) { return code == 530 || code == 534 || code == 535 || code == 538; }

std::string words_of(int code, std::string_view words) { return notifications::one_line(fmt::format("{} {}", code, words), max_words); }

}  // namespace

void smtp_transcript::sent(std::string_view text) {
  each_line(text, [this](std::string_view line) {
    // What is said after a failure, to take leave, says nothing about the mail.
    is_over_ = is_over_ || line == "QUIT";
    if (is_over_) return;
    exchanges_.push_back({std::string(line), 0, {}});
    body_under_way_ = false;
  });
}

void smtp_transcript::received(std::string_view text) {
  each_line(text, [this](std::string_view line) { line_received(line); });
}

void smtp_transcript::line_received(std::string_view line) {
  if (is_over_ || line.size() < 3 || !std::all_of(line.begin(), line.begin() + 3, [](unsigned char c) { return std::isdigit(c) != 0; })) return;
  // The answer to the message itself follows the one to DATA without a command between them.
  if (body_under_way_) {
    exchanges_.push_back({"(message)", 0, {}});
    body_under_way_ = false;
  }
  auto& last = exchanges_.back();
  last.code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
  if (line.size() > 4) last.words += (last.words.empty() ? "" : " ") + std::string(line.substr(4));
  const bool is_last_line = line.size() == 3 || line[3] == ' ';
  if (is_last_line && last.command == "DATA" && last.code == 354) body_under_way_ = true;
}

attempt smtp_transcript::outcome(bool ended_well, const std::vector<std::string>& recipients, const std::string& error) const {
  attempt result;
  std::vector<std::string> taken;  // by the server's word on RCPT
  for (const auto& recipient : recipients) {
    const auto command = fmt::format("RCPT TO:<{}>", recipient);
    const auto found = std::find_if(exchanges_.begin(), exchanges_.end(),
                                    [&](const exchange& e) { return std::string_view(e.command).starts_with(command); });
    if (found == exchanges_.end() || found->code == 0) {
      result.try_again = true;
    } else if (found->code < 300) {
      taken.push_back(recipient);
    } else if (is_permanent(found->code)) {
      result.refused.push_back({recipient, words_of(found->code, found->words)});
    } else {
      result.try_again = true;
      result.error = fmt::format("{}: {}", recipient, words_of(found->code, found->words));
    }
  }
  if (ended_well) {
    result.reached = std::move(taken);
    return result;
  }

  const auto& last = exchanges_.back();
  const bool is_refused = last.code >= 400;
  const auto words = is_refused ? words_of(last.code, last.words) : error;
  if (is_refused && last.code != going_away && last.command.starts_with("RCPT TO:")) {
    // Nobody took it, each for their own reason.
    if (!result.error.empty() || !result.try_again) return result;
  } else if (is_permanent(last.code) && (last.command == "(message)" || last.command == "DATA")) {
    for (auto& recipient : taken) result.refused.push_back({std::move(recipient), words});
    return result;
  } else if (is_permanent(last.code) && !is_about_access(last.code) && last.command.starts_with("MAIL FROM:")) {
    result.try_again = false;
    for (const auto& recipient : recipients) result.refused.push_back({recipient, words});
    return result;
  }
  result.try_again = true;
  result.way_was_free = false;
  result.error = words;
  return result;
}

}  // namespace plo::actors
