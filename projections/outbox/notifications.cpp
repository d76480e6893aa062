#include "projections/outbox/notifications.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <unordered_map>

#include "base/json.hpp"
#include "eventstore/kv/keys.hpp"
#include "projections/core/index_page.hpp"

namespace plo::projections {

namespace keys = eventstore::keys;

namespace {

// 'R' ‖ id → row. Of one project or anomaly: 'J' ‖ project ‖ place, 'A' ‖ anomaly ‖ place (position of the request) → id.
// What waits: 'P' ‖ lane ‖ waiting_since → id; 'L' ‖ lane for each lane there ever was, which spares a scan over what was removed
// from 'P'. 'N' ‖ channel ‖ status → how many.
constexpr auto rows_family = families::notifications;

std::string tagged(char tag) { return std::string(1, tag); }

std::string row_key(const notification_id& id) {
  auto key = tagged('R');
  keys::put_uuid(key, id.value);
  return key;
}

std::string id_prefix(char tag, const uuid& id) {
  auto key = tagged(tag);
  keys::put_uuid(key, id);
  return key;
}

std::string lane_prefix(std::string_view lane) {
  auto key = tagged('P');
  keys::put_text(key, lane);
  return key;
}

std::string at_place(std::string prefix, position place) {
  keys::put_u64(prefix, place.value);
  return prefix;
}

std::string id_value(const notification_id& id) {
  std::string value;
  keys::put_uuid(value, id.value);
  return value;
}

std::string count_key(std::string_view channel, notification_status status) {
  auto key = tagged('N');
  keys::put_text(key, channel);
  return key + static_cast<char>(status);
}

void put_instant(std::string& out, instant at) { keys::put_u64(out, static_cast<std::uint64_t>(at.time_since_epoch().count())); }

template <class Row>
auto texts_of(Row& row) {
  return std::array{&row.channel, &row.recipient, &row.rule_id, &row.rule_name, &row.reason, &row.severity, &row.ticket_state,
                    &row.sent_to, &row.error};
}

std::string encode(const notification_row& row) {
  std::string out;
  keys::put_uuid(out, row.project.value);
  keys::put_uuid(out, row.anomaly_id.value);
  keys::put_u64(out, static_cast<std::uint64_t>(row.status));
  keys::put_u64(out, row.requested.value);
  keys::put_u64(out, row.waiting_since.value);
  keys::put_u64(out, row.last.value);
  put_instant(out, row.created_at);
  put_instant(out, row.pending_at);
  put_instant(out, row.sent_at.value_or(instant::min()));
  keys::put_u64(out, row.attempts);
  for (const auto* text : texts_of(row)) keys::put_text(out, std::string_view(*text).substr(0, 0xffff));
  return out;
}

notification_row decode(const notification_id& id, std::string_view in) {
  notification_row row;
  row.id = id;
  const auto number = [&in] {
    const auto n = keys::get_u64(in);
    in.remove_prefix(8);
    return n;
  };
  const auto time = [&] { return instant(milliseconds(static_cast<std::int64_t>(number()))); };
  row.project = {keys::get_uuid(in)};
  row.anomaly_id = {keys::get_uuid(in.substr(16))};
  in.remove_prefix(32);
  row.status = static_cast<notification_status>(number());
  row.requested = {number()};
  row.waiting_since = {number()};
  row.last = {number()};
  row.created_at = time();
  row.pending_at = time();
  if (const auto at = time(); at != instant::min()) row.sent_at = at;
  row.attempts = static_cast<std::uint32_t>(number());
  for (auto* text : texts_of(row)) {
    const auto size = static_cast<std::size_t>(static_cast<std::uint8_t>(in[0]) << 8 | static_cast<std::uint8_t>(in[1]));
    *text = in.substr(2, size);
    in.remove_prefix(2 + size);
  }
  return row;
}

std::string lane(const notification_row& row) {
  notification_request request;
  request.channel = row.channel;
  request.recipient = row.recipient;
  return lane_of(request);
}

/// What the index holds of a row.
void stage_notification(staged_rows& staged, const notification_row& row) {
  staged.put(row.id.value, {std::string(to_string(row.status)), row.channel, row.rule_id}, {static_cast<std::int64_t>(row.requested.value)});
}

class notifications_projection final : public projection {
public:
  explicit notifications_projection(facet_index& index) : index_(index) {}

  std::uint32_t schema_version() const override { return 3; }
  row_family rows() const override { return rows_family; }
  bool is_acted_on() const override { return true; }

  void load(const row_reader& views) override {
    staged_rows all;
    views.scan(rows_family, tagged('R'), keys::after(tagged('R')), [&](std::string_view key, std::string_view value) {
      const notification_id id{keys::get_uuid(key.substr(1))};
      stage_notification(all, decode(id, value));
      all.apply_to(index_);
      return true;
    });
  }

  void apply(event_pointers events, const row_reader& views, row_batch& batch) override {
    staged_.clear();
    step now(views, batch);
    for (const auto* e : events) {
      if (e->type == notification_type::requested) now.request(*e);
      else if (e->stream == stream_id::outbox()) now.outbox(*e);
    }
    now.finish(staged_);
  }

  void publish() override { staged_.apply_to(index_); }

private:
  /// What one step changes: rows are written once, however many of its events concern them.
  class step {
  public:
    step(const row_reader& views, row_batch& batch) : views_(views), batch_(batch) {}

    void request(const recorded_event& e) {
      const auto asked = read_notification_request(e);
      if (!asked || load(asked->id) != nullptr) return;
      auto& row = rows_[asked->id];
      row.id = asked->id;
      row.project = asked->project;
      row.anomaly_id = asked->anomaly_id;
      row.channel = asked->channel;
      row.recipient = asked->recipient;
      row.rule_id = asked->rule_id;
      row.rule_name = asked->rule_name;
      row.reason = asked->reason;
      row.severity = asked->severity;
      row.ticket_state = asked->ticket_state;
      row.requested = e.pos;
      row.created_at = e.recorded_at;
      batch_.put(rows_family, at_place(id_prefix('J', row.project.value), e.pos), id_value(row.id));
      batch_.put(rows_family, at_place(id_prefix('A', row.anomaly_id.value), e.pos), id_value(row.id));
      lanes_.insert(lane(row));
      enter(row, notification_status::pending, e);
    }

    void outbox(const recorded_event& e) {
      const auto id = notification_of(e);
      auto* row = id ? load(*id) : nullptr;
      if (row == nullptr) return;
      if (e.type == notification_type::retry_requested) {
        if (row->status != notification_status::failed) return;
        leave(*row);
        enter(*row, notification_status::pending, e);
      } else if (e.type == notification_type::sent || e.type == notification_type::failed) {
        // A second report can only come from a log that two processes wrote to; the first one holds.
        if (row->status != notification_status::pending) return;
        const auto report = read_report(e);
        leave(*row);
        row->sent_to = report.sent_to;
        row->error = report.error;
        row->attempts = report.attempts;
        if (report.delivered) row->sent_at = e.recorded_at;
        enter(*row, report.delivered ? notification_status::sent : notification_status::failed, e);
      }
    }

    void finish(staged_rows& staged) {
      for (const auto& [id, row] : rows_) {
        batch_.put(rows_family, row_key(id), encode(row));
        stage_notification(staged, row);
      }
      for (const auto& name : lanes_) batch_.put(rows_family, tagged('L') + name, {});
      for (const auto& [key, change] : counts_) {
        if (change == 0) continue;
        const auto stored = views_.get(rows_family, key);
        const auto count = (stored ? keys::get_u64(*stored) : 0) + static_cast<std::uint64_t>(change);
        // A rebuild that meets what comes and goes in one step has no row of it: neither has this.
        if (count == 0) {
          batch_.remove(rows_family, key);
          continue;
        }
        std::string value;
        keys::put_u64(value, count);
        batch_.put(rows_family, key, std::move(value));
      }
    }

  private:
    notification_row* load(const notification_id& id) {
      if (const auto known = rows_.find(id); known != rows_.end()) return &known->second;
      const auto stored = views_.get(rows_family, row_key(id));
      return stored ? &rows_.emplace(id, decode(id, *stored)).first->second : nullptr;
    }
    void leave(const notification_row& row) {
      if (row.status == notification_status::pending) batch_.remove(rows_family, at_place(lane_prefix(lane(row)), row.waiting_since));
      --counts_[count_key(row.channel, row.status)];
    }
    void enter(notification_row& row, notification_status status, const recorded_event& by) {
      row.status = status;
      row.last = by.pos;
      if (status == notification_status::pending) {
        row.waiting_since = by.pos;
        row.pending_at = by.recorded_at;
        batch_.put(rows_family, at_place(lane_prefix(lane(row)), by.pos), id_value(row.id));
      }
      ++counts_[count_key(row.channel, status)];
    }

    const row_reader& views_;
    row_batch& batch_;
    std::unordered_map<notification_id, notification_row> rows_;
    std::map<std::string, std::int64_t> counts_;
    std::set<std::string> lanes_;
  };

  facet_index& index_;
  staged_rows staged_;
};

void write_item(json_writer& json, const notification_row& row) {
  json.begin_object().field("notification_id", row.id).field("project_id", row.project).field("anomaly_id", row.anomaly_id);
  json.field("rule_id", row.rule_id).field("rule_name", row.rule_name).field("severity", row.severity);
  json.field("channel", row.channel).field("recipient", row.recipient).field("reason", row.reason);
  json.field_or_null("state", row.ticket_state).field("status", to_string(row.status)).field_or_null("sent_to", row.sent_to);
  json.field("attempts", row.attempts).field("created_at", row.created_at).field("sent_at", row.sent_at);
  json.field_or_null("error", row.error).field("position", row.last).end_object();
}

/// The notifications of a project or of an anomaly.
std::vector<uuid> ids_under(const row_reader& views, const std::string& prefix) {
  std::vector<uuid> ids;
  views.scan(rows_family, prefix, keys::after(prefix), [&](std::string_view, std::string_view value) {
    ids.push_back(keys::get_uuid(value));
    return true;
  });
  std::sort(ids.begin(), ids.end());
  return ids;
}

}  // namespace

std::unique_ptr<projection> make_notifications(facet_index& index) { return std::make_unique<notifications_projection>(index); }

std::optional<notification_row> find_notification(const row_reader& views, const notification_id& id) {
  const auto stored = views.get(rows_family, row_key(id));
  return stored ? std::optional(decode(id, *stored)) : std::nullopt;
}

page list_notifications(reading& views, const notification_query& query) {
  index_query asked;
  if (query.status) asked.facets.push_back({notification_index::status, std::string(to_string(*query.status))});
  require_facet(asked, notification_index::channel, query.channel);
  require_facet(asked, notification_index::rule, query.rule_id);
  if (query.project) asked.among = ids_under(views.rows(), id_prefix('J', query.project->value));
  if (query.anomaly_id) {
    auto ids = ids_under(views.rows(), id_prefix('A', query.anomaly_id->value));
    if (asked.among) std::erase_if(ids, [&](const uuid& id) { return !std::binary_search(asked.among->begin(), asked.among->end(), id); });
    asked.among = std::move(ids);
  }
  asked.sort = notification_index::requested;
  asked.ascending = false;
  return read_page(views, views.index<notification_index>(), std::move(asked), query.page, [&](json_writer& items, const uuid& id) {
    if (const auto row = find_notification(views.rows(), {id})) write_item(items, *row);
  });
}

std::vector<std::string> notification_lanes(const row_reader& views) {
  std::vector<std::string> lanes;
  views.scan(rows_family, tagged('L'), keys::after(tagged('L')), [&](std::string_view key, std::string_view) {
    lanes.emplace_back(key.substr(1));
    return true;
  });
  return lanes;
}

std::vector<notification_row> waiting_in(const row_reader& views, std::string_view lane, position after, std::size_t most) {
  std::vector<notification_row> rows;
  const auto prefix = lane_prefix(lane);
  if (most == 0) return rows;
  views.scan(rows_family, at_place(prefix, {after.value + 1}), keys::after(prefix), [&](std::string_view, std::string_view value) {
    if (auto row = find_notification(views, {keys::get_uuid(value)})) rows.push_back(std::move(*row));
    return rows.size() < most;
  });
  return rows;
}

std::vector<notification_count> notification_counts(const row_reader& views) {
  std::vector<notification_count> counts;
  const auto prefix = tagged('N');
  views.scan(rows_family, prefix, keys::after(prefix), [&](std::string_view key, std::string_view value) {
    const auto channel = key.substr(3, key.size() - 4);
    counts.push_back({std::string(channel), static_cast<notification_status>(key.back()), keys::get_u64(value)});
    return true;
  });
  return counts;
}

}  // namespace plo::projections
