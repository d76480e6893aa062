#include "domain/event/personal_data.hpp"

#include <algorithm>
#include <utility>

#include "base/json.hpp"

namespace plo {

namespace {

/// What says on which days a carrier works, and nothing about a person.
bool is_kept_in_addresses(std::string_view name) { return name == "country" || name == "country_code"; }

/// Walks JSON that is known to be valid, as everything in the log is. What is not valid ends the walk.
class walk {
public:
  walk(std::string_view json, const std::set<std::string, std::less<>>& names) : json_(json), names_(names) {}

  std::vector<personal_fields::span> run() {
    value(false, 0);
    return std::move(found_);
  }

private:
  // Whatever can be read back: what lies deeper than this walk goes would be stored as it came.
  static constexpr int max_depth = static_cast<int>(max_stored_json_depth) + 1;

  [[nodiscard]] char peek() const { return at_ < json_.size() ? json_[at_] : '\0'; }
  void blanks() {
    while (at_ < json_.size() && (json_[at_] == ' ' || json_[at_] == '\t' || json_[at_] == '\n' || json_[at_] == '\r')) ++at_;
  }

  /// The text of a string with its quotes.
  std::string_view string_token() {
    const auto from = at_++;
    while (at_ < json_.size() && json_[at_] != '"') at_ += json_[at_] == '\\' ? 2 : 1;
    at_ = std::min(at_ + 1, json_.size());
    return json_.substr(from, at_ - from);
  }

  static std::string name_of(std::string_view token) {
    if (token.find('\\') == std::string_view::npos) return std::string(token.substr(1, token.size() - 2));
    // A name may be written with escapes, and is the same name.
    const auto decoded = json_document::parse("{\"name\":" + std::string(token) + "}");
    return decoded ? std::string(json::get_string(decoded->root(), "name").value_or("")) : std::string();
  }

  void value(bool personal, int depth) {
    blanks();
    if (depth > max_depth || at_ >= json_.size()) {
      at_ = json_.size();
      return;
    }
    if (peek() == '{') return object(personal, depth);
    if (peek() == '[') return array(personal, depth);
    const auto from = at_;
    if (peek() == '"') {
      if (string_token().size() > 2 && personal) note(from);
      return;
    }
    while (at_ < json_.size() && json_[at_] != ',' && json_[at_] != '}' && json_[at_] != ']') ++at_;
    if (personal && json_.substr(from, at_ - from) != "null") note(from);
  }

  void object(bool personal, int depth) {
    ++at_;
    bool path_is_personal = false;  // of a fact
    std::string customer;
    const auto first = found_.size();
    for (blanks(); at_ < json_.size() && peek() == '"'; blanks()) {
      const auto name = name_of(string_token());
      blanks();
      ++at_;  // the colon
      blanks();
      if (name == "path" && peek() == '"') {
        const auto path = name_of(string_token());
        path_is_personal = names_.contains(std::string_view(path).substr(path.rfind('.') + 1));
      } else if (name == "customer_id" && peek() == '"') {
        customer = name_of(string_token());
      } else {
        const bool is_personal = personal ? !is_kept_in_addresses(name) : names_.contains(name) || (path_is_personal && name == "value");
        value(is_personal, depth + 1);
      }
      blanks();
      if (peek() != ',') break;
      ++at_;
    }
    ++at_;
    // Objects inside have named theirs by now.
    for (auto i = first; i < found_.size(); ++i)
      if (found_[i].customer.empty()) found_[i].customer = customer;
  }

  void array(bool personal, int depth) {
    ++at_;
    for (blanks(); at_ < json_.size() && peek() != ']';) {
      value(personal, depth + 1);
      blanks();
      if (peek() != ',') break;
      ++at_;
    }
    ++at_;
  }

  void note(std::size_t from) { found_.push_back({from, at_ - from, {}}); }

  std::string_view json_;
  const std::set<std::string, std::less<>>& names_;
  std::size_t at_ = 0;
  std::vector<personal_fields::span> found_;
};

}  // namespace

const std::vector<std::string>& usual_personal_fields() {
  static const std::vector<std::string> names{
      "customer_name", "customer_email", "customer_phone", "customer_address", "customer_first_name", "customer_last_name",
      "first_name", "last_name", "firstname", "lastname", "full_name", "given_name", "family_name", "middle_name", "maiden_name", "birth_date", "date_of_birth",
      "contact_name", "contact_email", "contact_phone", "contact_address", "email", "email_from", "e_mail", "mail", "phone", "phone_number", "telephone", "mobile",
      "mobile_phone", "fax",
      // Whole addresses, and their parts where a payload is flat, as shops, carriers and ERPs name them.
      "address", "addresses", "delivery_address", "installation_address", "billing_address", "shipping_address", "invoice_address", "to_address", "from_address",
      "return_address", "default_address", "address1", "address2", "address_1", "address_2", "address_line1",
      "address_line2", "address_line_1", "address_line_2", "street", "street1", "street2", "street_name", "house_number", "zip", "zip_code", "zipcode", "postcode",
      "postal_code", "city", "latitude", "longitude",
      // Who took it, and how. Not `recipient`, which in PLO's own events is a role.
      "recipient_name", "recipient_phone", "recipient_email", "signed_by", "signature_name", "received_by", "delivered_to", "partner_name"};
  return names;
}

personal_fields::personal_fields(const std::vector<std::string>& names) : names_(names.begin(), names.end()) {}

/// A quick look from string to string: most events hold nothing personal.
bool personal_fields::may_be_in(std::string_view json) const {
  if (names_.empty()) return false;
  bool tells_path = false;
  for (auto at = json.find('"'); at != std::string_view::npos; at = json.find('"', at)) {
    const auto from = at + 1;
    auto end = from;
    while (end < json.size() && json[end] != '"') end += json[end] == '\\' ? 2 : 1;
    if (end >= json.size()) return true;
    const auto text = json.substr(from, end - from);
    at = end + 1;
    const auto next = json.find_first_not_of(" \t\r\n", at);
    if (next != std::string_view::npos && json[next] == ':') {
      // A name may be written with escapes, and is the same name.
      if (names_.contains(text) || text.find('\\') != std::string_view::npos) return true;
      tells_path = text == "path";
    } else if (std::exchange(tells_path, false) && names_.contains(text.substr(text.rfind('.') + 1))) {
      return true;
    }
  }
  return false;
}

std::vector<personal_fields::span> personal_fields::find(std::string_view json) const {
  if (!may_be_in(json)) return {};
  return walk(json, names_).run();
}

std::string personal_fields::mask(std::string_view json) const { return replace_spans(json, find(json), erased_json); }

std::string replace_spans(std::string_view text, const std::vector<personal_fields::span>& spans, std::string_view by) {
  std::string replaced;
  replaced.reserve(text.size());
  std::size_t from = 0;
  for (const auto& s : spans) {
    replaced.append(text, from, s.at - from).append(by);
    from = s.at + s.size;
  }
  return replaced.append(text, from);
}

}  // namespace plo
