// A person's data: giving it out as a whole, and erasing it.
#include <set>

#include "base/json.hpp"
#include "eventstore/index/customers.hpp"
#include "eventstore/record/vault.hpp"
#include "http/commands/command_body.hpp"
#include "http/commands/operator_command.hpp"
#include "http/routes/project/routes.hpp"
#include "http/server/await.hpp"
#include "http/server/event_sink.hpp"
#include "http/server/reading.hpp"
#include "projections/project/project_detail.hpp"

namespace plo::http {

namespace {

using actors::command_reply;

constexpr std::size_t letters_per_piece = 500;
constexpr std::size_t events_per_piece = 200;

bool is_known(service& s, const std::string& customer_id) {
  const auto& log = s.engine.log();
  return log.has_key(eventstore::subject_customer(customer_id)) || !eventstore::customer_projects(log, customer_id).empty();
}

response no_such_customer() { return make_problem(404, "there is no customer with this id"); }

/// The other ids that the customer's projects name and that still hold data: the same person under another id, or somebody else.
std::vector<std::string> known_beside(const eventstore::log& log, const std::string& customer_id) {
  std::set<std::string> named;
  for (const auto& entry : eventstore::customer_projects(log, customer_id))
    log.read_stream(stream_id::of(entry.project), {1}, [&](const recorded_event& e) {
      named.insert(eventstore::customer_named_by(e));
      return true;
    });
  named.erase(customer_id);
  named.erase("");
  std::vector<std::string> held;
  for (const auto& id : named)
    if (log.has_key(eventstore::subject_customer(id))) held.push_back(id);
  return held;
}

/// `{comment}`
task<answer> erase_customer(service& s, request& r) {
  const auto customer_id = r.path_parameters.at("id");
  command_body body(r, {"comment"});
  auto comment = body.text("comment").value_or("");
  if (body.refusal()) co_return response(*body.refusal());
  auto look = [&] { return known_beside(s.engine.log(), customer_id); };
  const auto beside = co_await on_pool(s.folds, look);
  if (!beside) co_return response(overloaded("more is being read at this moment than there is time for"));
  json_writer told;
  told.begin_object().field("customer_id", customer_id).field_strings("also_known_as", *beside).end_object();
  const auto by = stamp_of(r, told.str());
  auto start = [&s, &customer_id, &by, &comment](actors::command_completion done) {
    s.engine.erase_customer(customer_id, by, std::move(comment), std::move(done));
  };
  const auto reply = co_await await_completion<command_reply>(start);
  if (reply.what != command_reply::outcome::done) co_return response(problem_of(reply));
  co_return response(200, with_position(told.str(), reply.pos));
}

/// What is known of a person, written piece by piece.
class person_export {
public:
  person_export(service& s, std::string person, std::string customer_id) : slot_(s.exports, std::move(person)), s_(s), customer_id_(std::move(customer_id)), projects_(eventstore::customer_projects(s.engine.log(), customer_id_)) {}

  /// Whether there was room for another export.
  [[nodiscard]] bool may_run() const { return slot_.held(); }
  /// The next piece; empty when there is none.
  std::string next() {
    switch (at_) {
      case part::head: return head();
      case part::projects: return project();
      case part::letters: return letters();
      case part::done: return {};
    }
    return {};
  }

private:
  enum class part { head, projects, letters, done };

  std::string head() {
    at_ = part::projects;
    json_writer json;
    json.begin_object().field("customer_id", customer_id_).field("exported_at", actors::project_clock::wall_now()).end_object();
    auto text = json.str();
    text.pop_back();
    return text + R"(,"projects":[)";
  }

  /// A project's document, then its events some at a time.
  std::string project() {
    if (project_ == projects_.size()) {
      at_ = part::letters;
      return R"(],"dead_letters":[)";
    }
    const auto& id = projects_[project_].project;
    std::string text;
    if (version_ == 0) {
      const auto rules = s_.engine.rules();
      const auto views = s_.engine.views();
      const projections::detail_context context{*rules, s_.engine.domain(), *views, s_.tracking.token_of(id)};
      const auto document = projections::find_project(s_.engine.log(), id, context);
      const auto read = json_document::parse(document.value_or("null"));
      is_theirs_ = read && json::get_string(read->root(), "customer_id") == customer_id_;
      text = std::string(project_ == 0 ? "" : ",") + R"({"project":)" + (is_theirs_ ? *document : "null") + R"(,"events":[)";
    }
    std::size_t taken = 0;
    s_.engine.log().read_stream(stream_id::of(id), {version_ + 1}, [&](const recorded_event& e) {
      version_ = e.version.value;
      // Of somebody else's project only what names this person.
      if ((e.kind == event_kind::source || e.kind == event_kind::operator_) && (is_theirs_ || eventstore::customer_named_by(e) == customer_id_)) {
        if (std::exchange(any_, true)) text.push_back(',');
        text += to_json(e);
      }
      return ++taken < events_per_piece;
    });
    if (taken < events_per_piece) {
      text += "]}";
      ++project_;
      version_ = 0;
      any_ = false;
    }
    return text.empty() ? "\n" : text;
  }

  /// Letters that name the customer, whether they were attached or not.
  std::string letters() {
    std::string text;
    std::size_t looked_at = 0;
    s_.engine.log().read_stream(stream_id::dead_letters(), {version_ + 1}, [&](const recorded_event& e) {
      version_ = e.version.value;
      if (names_customer(e)) {
        if (std::exchange(any_, true)) text.push_back(',');
        text += to_json(e);
      }
      return ++looked_at < letters_per_piece;
    });
    if (looked_at < letters_per_piece) {
      at_ = part::done;
      text += "]}";
    }
    return text.empty() ? "\n" : text;
  }

  [[nodiscard]] bool names_customer(const recorded_event& e) const {
    if (e.kind != event_kind::source || e.data.find("customer_id") == std::string::npos) return false;
    const auto data = json_document::parse(e.data);
    const auto payload = data ? json::get(data->root(), "payload") : std::nullopt;
    return payload && json::get_string(*payload, "customer_id") == customer_id_;
  }

  export_slot slot_;
  service& s_;
  std::string customer_id_;
  std::vector<eventstore::customer_entry> projects_;
  part at_ = part::head;
  std::size_t project_ = 0;
  std::uint64_t version_ = 0;
  bool any_ = false;
  bool is_theirs_ = false;  // the project under way
};

task<answer> export_customer(service& s, request& r) {
  parameters p(r);
  const auto refused = co_await refuse_or_wait(s, p);
  if (refused) co_return response(*refused);
  const auto customer_id = r.path_parameters.at("id");
  if (!is_known(s, customer_id)) co_return no_such_customer();
  auto all = std::make_shared<person_export>(s, r.who->user_id, customer_id);
  if (!all->may_run()) co_return response(too_many_exports());
  streamed reply;
  reply.content_type = "application/json";
  reply.headers.emplace_back("Content-Disposition", "attachment; filename=\"customer.json\"");
  reply.headers.emplace_back("X-PLO-Position", std::to_string(s.engine.applied().applied().value));
  reply.serve = [&s, all](event_sink& sink) { return send_pieces(sink, s.folds, all); };
  co_return reply;
}

}  // namespace

void add_customer_data_routes(router& routes, service& s) {
  routes.add({"POST", "/api/customers/{id}/erase", [&s](request& r) { return erase_customer(s, r); }, 16 * 1024, access::admin});
  routes.add({"GET", "/api/customers/{id}/export", [&s](request& r) { return export_customer(s, r); }, 0, access::operator_});
}

}  // namespace plo::http
