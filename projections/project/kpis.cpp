#include "projections/project/kpis.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "base/json.hpp"
#include "domain/project/conclude.hpp"
#include "domain/project/stores.hpp"
#include "eventstore/kv/keys.hpp"
#include "projections/project/anomalies.hpp"
#include "projections/project/families.hpp"

namespace plo::projections {

namespace keys = eventstore::keys;

namespace {

// What was counted: 'J' ‖ project → what its counts depend on; 'A' ‖ project ‖ anomaly → the same of an anomaly.
// Counts, for one store or all and one type or all: 'D' ‖ store ‖ type ‖ day → numbers, 'L' ‖ store ‖ type ‖ day ‖ lead-time bucket → how
// many, 'R' ‖ store ‖ type ‖ day ‖ rule → how many.

/// The numbers of a day.
enum kpi_number : std::size_t {
  kpi_raised_warning, kpi_raised_critical, kpi_resolved_warning, kpi_resolved_critical,
  kpi_acknowledged, kpi_acknowledge_ms, kpi_resolved, kpi_resolve_ms, kpi_delivered, kpi_on_time, kpi_numbers
};
using day_numbers = std::array<std::int64_t, kpi_numbers>;

void put_i64(std::string& out, std::int64_t n) { keys::put_u64(out, static_cast<std::uint64_t>(n)); }
std::int64_t take_i64(std::string_view& in) {
  const auto n = static_cast<std::int64_t>(keys::get_u64(in));
  in.remove_prefix(8);
  return n;
}
/// Order-preserving, for keys.
void put_ordered(std::string& out, std::int64_t n) { keys::put_u64(out, static_cast<std::uint64_t>(n) ^ (1ull << 63)); }
std::int64_t get_ordered(std::string_view in) { return static_cast<std::int64_t>(keys::get_u64(in) ^ (1ull << 63)); }
std::int64_t ms_of(instant at) { return at.time_since_epoch().count(); }
constexpr std::int64_t no_time = std::numeric_limits<std::int64_t>::min();
std::int64_t ms_or_none(const std::optional<instant>& at) { return at ? ms_of(*at) : no_time; }

/// What a project's counts depend on.
struct counted_project {
  std::string store, type;
  std::int64_t promised_day = no_time;
  std::int64_t delivered_at = no_time;
  bool operator==(const counted_project&) const = default;
};

std::string encode_counted(const counted_project& p) {
  std::string row;
  keys::put_text(row, p.store);
  keys::put_text(row, p.type);
  put_i64(row, p.promised_day);
  put_i64(row, p.delivered_at);
  return row;
}

counted_project decode_counted_project(std::string_view row) {
  counted_project p;
  p.store = keys::take_text(row);
  p.type = keys::take_text(row);
  p.promised_day = take_i64(row);
  p.delivered_at = take_i64(row);
  return p;
}

struct counted_anomaly {
  bool critical = false;
  std::int64_t raised_at = 0, acknowledged_at = no_time, resolved_at = no_time;
  std::string rule_id;
  bool operator==(const counted_anomaly&) const = default;
};

std::string encode_counted(const counted_anomaly& a) {
  std::string row(1, a.critical ? 'c' : 'w');
  put_i64(row, a.raised_at);
  put_i64(row, a.acknowledged_at);
  put_i64(row, a.resolved_at);
  return row.append(a.rule_id);
}

counted_anomaly decode_counted_anomaly(std::string_view row) {
  counted_anomaly a;
  a.critical = row.front() == 'c';
  row.remove_prefix(1);
  a.raised_at = take_i64(row);
  a.acknowledged_at = take_i64(row);
  a.resolved_at = take_i64(row);
  a.rule_id = row;
  return a;
}

/// One store or type, or all of them.
void put_choice(std::string& key, const std::string* one) {
  key.push_back(one == nullptr ? '*' : '=');
  if (one != nullptr) keys::put_text(key, *one);
}

std::string count_prefix(char what, const std::string* store, const std::string* type) {
  std::string key(1, what);
  put_choice(key, store);
  put_choice(key, type);
  return key;
}

/// Buckets of lead times: 0 is less than a minute either way, the sign is the lead time's.
std::int64_t bucket_of(std::int64_t ms) {
  const double minutes = std::abs(static_cast<double>(ms)) / 60'000;
  if (minutes < 1) return 0;
  const auto bucket = 1 + static_cast<std::int64_t>(std::floor(std::log(minutes) / std::log(lead_time_growth)));
  return ms < 0 ? -bucket : bucket;
}

/// The middle of a bucket, in whole seconds.
std::int64_t seconds_of_bucket(std::int64_t bucket) {
  if (bucket == 0) return 0;
  const double minutes = std::pow(lead_time_growth, static_cast<double>(std::abs(bucket)) - 0.5);
  return std::llround(std::copysign(minutes * 60, static_cast<double>(bucket)));
}

/// What one step changes of the counts.
class count_changes {
public:
  explicit count_changes(const domain_settings& settings) : settings_(settings), tz_(settings.tz) {}

  void count(const counted_anomaly& a, const counted_project& p, std::int64_t by) {
    const auto raised_day = day_of(a.raised_at);
    add(p, raised_day, a.critical ? kpi_raised_critical : kpi_raised_warning, by);
    each_choice('R', p, raised_day, [&](std::string key) { singles_[key.append(a.rule_id)] += by; });
    if (p.promised_day != no_time) {
      const auto promised = ms_of(zone_of(p.store, settings_).at(local_day(date::days(p.promised_day))));
      const auto bucket = bucket_of(promised - a.raised_at);
      each_choice('L', p, raised_day, [&](std::string key) {
        put_ordered(key, bucket);
        singles_[key] += by;
      });
    }
    if (a.acknowledged_at != no_time) {
      const auto day = day_of(a.acknowledged_at);
      add(p, day, kpi_acknowledged, by);
      add(p, day, kpi_acknowledge_ms, by * (a.acknowledged_at - a.raised_at));
    }
    if (a.resolved_at != no_time) {
      const auto day = day_of(a.resolved_at);
      add(p, day, a.critical ? kpi_resolved_critical : kpi_resolved_warning, by);
      add(p, day, kpi_resolved, by);
      add(p, day, kpi_resolve_ms, by * (a.resolved_at - a.raised_at));
    }
  }

  /// A delivery counts where there was a promise that it could keep.
  void count_delivery(const counted_project& p, std::int64_t by) {
    if (p.delivered_at == no_time || p.promised_day == no_time) return;
    const auto day = day_of(p.delivered_at);
    add(p, day, kpi_delivered, by);
    // Where the customer is, the promised day may end earlier or later than here.
    const auto local_day_of_it = zone_of(p.store, settings_).day_of(instant(milliseconds(p.delivered_at))).time_since_epoch().count();
    if (local_day_of_it <= p.promised_day) add(p, day, kpi_on_time, by);
  }

  void write(const row_reader& views, row_batch& batch) const {
    for (const auto& [key, change] : days_) {
      if (change == day_numbers{}) continue;
      day_numbers sum{};
      if (const auto stored = views.get(families::kpis, key)) {
        std::string_view rest = *stored;
        for (auto& n : sum) n = take_i64(rest);
      }
      std::string value;
      for (std::size_t i = 0; i < kpi_numbers; ++i) {
        sum[i] += change[i];
        put_i64(value, sum[i]);
      }
      if (sum == day_numbers{}) batch.remove(families::kpis, key);
      else batch.put(families::kpis, key, std::move(value));
    }
    for (const auto& [key, change] : singles_) {
      if (change == 0) continue;
      const auto stored = views.get(families::kpis, key);
      std::string_view rest = stored ? std::string_view(*stored) : std::string_view();
      const auto sum = (stored ? take_i64(rest) : 0) + change;
      std::string value;
      put_i64(value, sum);
      if (sum == 0) batch.remove(families::kpis, key);
      else batch.put(families::kpis, key, std::move(value));
    }
  }

private:
  [[nodiscard]] std::int64_t day_of(std::int64_t ms) const {
    return tz_.day_of(instant(milliseconds(ms))).time_since_epoch().count();
  }

  template <class Visit>
  static void each_choice(char what, const counted_project& p, std::int64_t day, Visit visit) {
    for (const auto* store : {static_cast<const std::string*>(nullptr), &p.store})
      for (const auto* type : {static_cast<const std::string*>(nullptr), &p.type}) {
        auto key = count_prefix(what, store, type);
        put_ordered(key, day);
        visit(std::move(key));
      }
  }

  void add(const counted_project& p, std::int64_t day, kpi_number which, std::int64_t by) {
    each_choice('D', p, day, [&](std::string key) { days_[std::move(key)][which] += by; });
  }

  const domain_settings& settings_;
  const zone& tz_;
  std::map<std::string, day_numbers> days_;
  std::map<std::string, std::int64_t> singles_;
};

class kpis_projection final : public projection {
public:
  kpis_projection(const project_fold& projects, domain_settings settings) : projects_(projects), settings_(std::move(settings)) {}

  std::uint32_t schema_version() const override { return 2; }
  row_family rows() const override { return families::kpis; }

  void apply(event_pointers, const row_reader& views, row_batch& batch) override {
    count_changes changes(settings_);
    for (const auto& touched : projects_.touched()) fold(touched, views, batch, changes);
    changes.write(views, batch);
  }

private:
  void fold(const touched_project& touched, const row_reader& views, row_batch& batch, count_changes& changes) const {
    const auto& project = *touched.state;
    std::string project_key(1, 'J');
    keys::put_uuid(project_key, project.id.value);
    std::string prefix(1, 'A');
    keys::put_uuid(prefix, project.id.value);
    const auto stored = views.get(rows(), project_key);
    const auto before = stored ? decode_counted_project(*stored) : counted_project{};
    const auto now = counted(project);
    const bool moved = stored && before != now;

    std::map<std::string, counted_anomaly> changed;
    for (const auto& a : touched.anomalies) {
      auto key = prefix;
      keys::put_uuid(key, a.id.value);
      changed.emplace(std::move(key), counted(a));
    }
    if (moved) {
      views.scan(rows(), prefix, keys::after(prefix), [&](std::string_view key, std::string_view value) {
        if (changed.contains(std::string(key))) return true;
        const auto a = decode_counted_anomaly(value);
        changes.count(a, before, -1);
        changes.count(a, now, +1);
        return true;
      });
    }
    for (const auto& [key, a] : changed) {
      if (const auto was = views.get(rows(), key)) changes.count(decode_counted_anomaly(*was), before, -1);
      changes.count(a, now, +1);
      batch.put(rows(), key, encode_counted(a));
    }
    if (stored && !moved) return;
    changes.count_delivery(before, -1);
    changes.count_delivery(now, +1);
    batch.put(rows(), project_key, encode_counted(now));
  }

  static counted_project counted(const project_state& project) {
    counted_project p;
    p.store = project.store_id.value.value_or("").substr(0, 0xffff);
    p.type = project.project_type.value.value_or("").substr(0, 0xffff);
    if (project.promised_delivery_date) p.promised_day = project.promised_delivery_date->time_since_epoch().count();
    p.delivered_at = ms_or_none(delivered_at(project));
    return p;
  }

  static counted_anomaly counted(const anomaly& a) {
    counted_anomaly c;
    c.critical = a.severity == event_severity::critical;
    c.raised_at = ms_of(a.raised_at);
    c.acknowledged_at = ms_or_none(a.acknowledged_at);
    c.resolved_at = ms_or_none(a.resolved_at);
    c.rule_id = a.rule_id;
    return c;
  }

  const project_fold& projects_;
  domain_settings settings_;
};

/// Visits the counts of the days asked for: the day, what stands behind it in the key, and the value.
template <class Visit>
void each_day(const row_reader& views, char what, const kpi_query& query, Visit visit) {
  const auto prefix = count_prefix(what, query.store_id.empty() ? nullptr : &query.store_id, query.type.empty() ? nullptr : &query.type);
  auto from = prefix, until = prefix;
  put_ordered(from, query.from.time_since_epoch().count());
  put_ordered(until, query.to.time_since_epoch().count() + 1);
  views.scan(families::kpis, from, until, [&](std::string_view key, std::string_view value) {
    key.remove_prefix(prefix.size());
    visit(get_ordered(key), key.substr(8), value);
    return true;
  });
}

/// Warnings and criticals that are not resolved, from the index.
std::array<std::uint64_t, 2> open_counts(const facet_index& anomalies, const kpi_query& query) {
  std::array<std::uint64_t, 2> open{};
  constexpr std::array<std::string_view, 2> severities{"warning", "critical"};
  for (std::size_t i = 0; i < open.size(); ++i) {
    std::vector<facet_condition> conditions{{anomaly_index::severity, std::string(severities[i])}};
    if (!query.store_id.empty()) conditions.push_back({anomaly_index::store, query.store_id});
    if (!query.type.empty()) conditions.push_back({anomaly_index::type, query.type});
    open[i] = anomalies.count(conditions);
    conditions.push_back({anomaly_index::status, "resolved"});
    open[i] -= anomalies.count(conditions);
  }
  return open;
}

void write_per_day(json_writer& json, const kpi_query& query, const std::map<std::int64_t, day_numbers>& days, kpi_number warning, kpi_number critical) {
  json.begin_array();
  for (auto day = query.from; day <= query.to; day += date::days(1)) {
    const auto found = days.find(day.time_since_epoch().count());
    const auto value = [&](kpi_number which) { return found == days.end() ? 0 : found->second[which]; };
    json.begin_object().field("date", day).field("warning", value(warning)).field("critical", value(critical)).end_object();
  }
  json.end_array();
}

std::optional<double> mean_seconds(std::int64_t ms, std::int64_t count) {
  if (count == 0) return std::nullopt;
  return std::round(static_cast<double>(ms) / static_cast<double>(count)) / 1000;
}

/// The lead time that a share of the anomalies does not exceed.
std::optional<std::int64_t> percentile(const std::map<std::int64_t, std::int64_t>& buckets, double share) {
  std::int64_t total = 0;
  for (const auto& [bucket, count] : buckets) total += count;
  if (total == 0) return std::nullopt;
  const auto rank = std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(share * static_cast<double>(total))));
  std::int64_t seen = 0;
  for (const auto& [bucket, count] : buckets)
    if ((seen += count) >= rank) return seconds_of_bucket(bucket);
  return std::nullopt;
}

}  // namespace

std::unique_ptr<projection> make_kpis(const project_fold& projects, const domain_settings& settings) {
  return std::make_unique<kpis_projection>(projects, settings);
}

std::string kpis_json(reading& views, const kpi_query& query) {
  const auto open = open_counts(views.index<anomaly_index>(), query);
  views.release();
  std::map<std::int64_t, day_numbers> days;
  day_numbers sum{};
  each_day(views.rows(), 'D', query, [&](std::int64_t day, std::string_view, std::string_view value) {
    auto& of_day = days[day];
    for (std::size_t i = 0; i < kpi_numbers; ++i) sum[i] += of_day[i] = take_i64(value);
  });
  std::map<std::int64_t, std::int64_t> lead_times;
  each_day(views.rows(), 'L', query,
           [&](std::int64_t, std::string_view bucket, std::string_view value) { lead_times[get_ordered(bucket)] += take_i64(value); });
  std::map<std::string, std::int64_t, std::less<>> rules;
  each_day(views.rows(), 'R', query,
           [&](std::int64_t, std::string_view rule, std::string_view value) { rules[std::string(rule)] += take_i64(value); });
  std::vector<std::pair<std::string, std::int64_t>> top(rules.begin(), rules.end());
  std::stable_sort(top.begin(), top.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  if (top.size() > max_top_rules) top.resize(max_top_rules);

  json_writer json;
  json.begin_object().field("from", query.from).field("to", query.to);
  json.key("open").begin_object().field("warning", open[0]).field("critical", open[1]).end_object();
  json.key("raised_per_day");
  write_per_day(json, query, days, kpi_raised_warning, kpi_raised_critical);
  json.key("resolved_per_day");
  write_per_day(json, query, days, kpi_resolved_warning, kpi_resolved_critical);
  json.field("mean_time_to_acknowledge_s", mean_seconds(sum[kpi_acknowledge_ms], sum[kpi_acknowledged]));
  json.field("mean_time_to_resolve_s", mean_seconds(sum[kpi_resolve_ms], sum[kpi_resolved]));
  json.key("detection_lead_time_s").begin_object();
  json.field("p50", percentile(lead_times, 0.5)).field("p90", percentile(lead_times, 0.9)).end_object();
  json.key("on_time").begin_object().field("delivered", sum[kpi_delivered]).field("on_time", sum[kpi_on_time]).end_object();
  json.key("top_rules").begin_array();
  for (const auto& [rule, count] : top) json.begin_object().field("rule_id", rule).field("count", count).end_object();
  json.end_array().end_object();
  return json.str();
}

}  // namespace plo::projections
