// What this machine can do at most: the ingestion endpoint without PLO around it.
//
// Beast reads a POST, simdjson takes the envelope apart, and one committer thread writes the event and two index
// entries with one fsync per group, a group being what queued during the last fsync. The answer has the shape of
// PLO's 201. There are no actors, no project state, no derived events, no duplicates and no read models, so the
// ratio of the two throughputs (bench/run) is what all of that costs.
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <iostream>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/strand.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>
#include <rocksdb/db.h>
#include <simdjson.h>
#include <sodium.h>

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;

struct envelope {
  std::string source, source_ref, project_ref;
};

/// The fields of an ingest body that the indexes need; empty when it is not one.
std::optional<envelope> parse(const std::string& body) {
  thread_local simdjson::ondemand::parser parser;
  thread_local std::string padded;
  padded.assign(body);
  padded.reserve(body.size() + simdjson::SIMDJSON_PADDING);
  envelope out;
  bool has_payload = false;
  simdjson::ondemand::document document;
  simdjson::ondemand::object object;
  if (parser.iterate(padded.data(), padded.size(), padded.capacity()).get(document)) return std::nullopt;
  if (document.get_object().get(object)) return std::nullopt;
  for (auto field : object) {
    std::string_view key;
    std::string_view value;
    if (field.unescaped_key().get(key)) return std::nullopt;
    if (key == "payload") {
      has_payload = true;
      continue;
    }
    if (field.value().get_string().get(value)) return std::nullopt;
    if (key == "source") out.source = value;
    if (key == "source_ref") out.source_ref = value;
    if (key == "project_ref") out.project_ref = value;
  }
  if (out.source.empty() || out.source_ref.empty() || out.project_ref.empty() || !has_payload) return std::nullopt;
  return out;
}

std::string as_uuid(const std::array<unsigned char, 16>& bytes) {
  const auto hex = fmt::format("{:02x}", fmt::join(bytes, ""));
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4), hex.substr(16, 4), hex.substr(20));
}

/// A UUIDv7.
std::string new_event_id() {
  thread_local std::mt19937_64 random{std::random_device{}()};
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  std::array<unsigned char, 16> bytes{};
  for (std::size_t i = 0; i < 6; ++i) bytes[i] = static_cast<unsigned char>(ms >> (40 - 8 * i));
  const std::uint64_t low = random();
  const std::uint64_t high = random();
  for (std::size_t i = 0; i < 8; ++i) bytes[8 + i] = static_cast<unsigned char>(low >> (8 * i));
  bytes[6] = static_cast<unsigned char>(0x70 | (high & 0x0f));
  bytes[7] = static_cast<unsigned char>(high >> 8);
  bytes[8] = static_cast<unsigned char>(0x80 | (bytes[8] & 0x3f));
  return as_uuid(bytes);
}

/// Stands in for the directory: the same reference always gives the same project.
std::string project_of(const std::string& project_ref) {
  std::array<unsigned char, 16> bytes{};
  crypto_generichash(bytes.data(), bytes.size(), reinterpret_cast<const unsigned char*>(project_ref.data()), project_ref.size(),
                     nullptr, 0);
  return as_uuid(bytes);
}

std::string big_endian(std::uint64_t number) {
  std::string out(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) out[i] = static_cast<char>(number >> (56 - 8 * i));
  return out;
}

struct append {
  std::string record, dedup_key, project_id;
  std::function<void(std::uint64_t position)> done;  // 0: the write failed
};

/// One thread that writes; whatever arrives during its fsync is its next group.
class committer {
public:
  explicit committer(const std::string& folder) {
    rocksdb::Options options;
    options.create_if_missing = true;
    options.create_missing_column_families = true;
    options.compression = rocksdb::kLZ4Compression;
    const std::vector<rocksdb::ColumnFamilyDescriptor> families{
        {rocksdb::kDefaultColumnFamilyName, options}, {"events", options}, {"streams", options}, {"dedup", options}};
    rocksdb::DB* db = nullptr;
    const auto status = rocksdb::DB::Open(options, folder, families, &families_, &db);
    if (!status.ok()) throw std::runtime_error(status.ToString());
    db_.reset(db);
    thread_ = std::thread([this] { run(); });
  }

  committer(const committer&) = delete;
  committer& operator=(const committer&) = delete;

  ~committer() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    arrived_.notify_one();
    thread_.join();
    for (auto* family : families_) db_->DestroyColumnFamilyHandle(family);
  }

  void submit(append item) {
    {
      const std::lock_guard lock(mutex_);
      queue_.push_back(std::move(item));
    }
    arrived_.notify_one();
  }

private:
  void run() {
    std::vector<append> group;
    rocksdb::WriteOptions durable;
    durable.sync = true;
    for (;;) {
      {
        std::unique_lock lock(mutex_);
        arrived_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
        if (queue_.empty()) return;
        group.swap(queue_);
      }
      rocksdb::WriteBatch batch;
      std::uint64_t position = last_;
      for (const auto& item : group) {
        const auto key = big_endian(++position);
        batch.Put(families_[1], key, item.record);
        batch.Put(families_[2], item.project_id + key, key);
        batch.Put(families_[3], item.dedup_key, key);
      }
      const bool written = db_->Write(durable, &batch).ok();
      for (auto& item : group) item.done(written ? ++last_ : 0);
      group.clear();
    }
  }

  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<append> queue_;
  bool stopping_ = false;
  std::uint64_t last_ = 0;  // the committer thread's own
  std::thread thread_;
};

/// One keep-alive connection.
class session : public std::enable_shared_from_this<session> {
public:
  session(tcp::socket socket, committer& log) : stream_(std::move(socket)), log_(log) {}

  void read() {
    request_ = {};
    http::async_read(stream_, buffer_, request_,
                     [self = shared_from_this()](beast::error_code error, std::size_t) { if (!error) self->handle(); });
  }

private:
  void handle() {
    if (request_.method() != http::verb::post || request_.target() != "/api/events/ingest") {
      return reply(http::status::not_found, "{}");
    }
    const auto event = parse(request_.body());
    if (!event) return reply(http::status::bad_request, "{}");
    append item;
    item.dedup_key = event->source + '\0' + event->source_ref;
    item.project_id = project_of(event->project_ref);
    item.record = std::move(request_.body());
    item.done = [self = shared_from_this(), event_id = new_event_id(), project_id = item.project_id](std::uint64_t position) {
      asio::post(self->stream_.get_executor(), [self, event_id, project_id, position] {
        if (position == 0) return self->reply(http::status::service_unavailable, "{}");
        self->reply(http::status::created,
                    fmt::format(R"({{"event_id":"{}","project_id":"{}","position":{},"duplicate":false,"anomalies":[]}})",
                                event_id, project_id, position));
      });
    };
    log_.submit(std::move(item));
  }

  void reply(http::status status, std::string body) {
    response_ = {status, request_.version()};
    response_.set(http::field::content_type, "application/json");
    response_.keep_alive(request_.keep_alive());
    response_.body() = std::move(body);
    response_.prepare_payload();
    http::async_write(stream_, response_, [self = shared_from_this()](beast::error_code error, std::size_t) {
      if (!error && self->response_.keep_alive()) self->read();
    });
  }

  beast::tcp_stream stream_;
  committer& log_;
  beast::flat_buffer buffer_;
  http::request<http::string_body> request_;
  http::response<http::string_body> response_;
};

void accept(tcp::acceptor& acceptor, asio::io_context& io, committer& log) {
  acceptor.async_accept(asio::make_strand(io), [&](beast::error_code error, tcp::socket socket) {
    if (error) return;
    socket.set_option(tcp::no_delay(true));
    std::make_shared<session>(std::move(socket), log)->read();
    accept(acceptor, io, log);
  });
}

}  // namespace

int main(int argc, char** argv) {
  std::string folder;
  unsigned threads = 0;
  CLI::App options{"The bare ingestion endpoint that bench/run compares PLO with"};
  options.add_option("--data", folder, "an empty folder")->required();
  options.add_option("--threads", threads, "I/O threads; 0: as many as cores");
  CLI11_PARSE(options, argc, argv);
  if (threads == 0) threads = std::max(1u, std::thread::hardware_concurrency());
  if (sodium_init() < 0) return 3;

  asio::io_context io(static_cast<int>(threads));
  committer log(folder);
  tcp::acceptor acceptor(io, {asio::ip::make_address("127.0.0.1"), 0});
  accept(acceptor, io, log);
  asio::signal_set signals(io, SIGTERM, SIGINT);
  signals.async_wait([&](beast::error_code, int) { io.stop(); });
  std::cout << "listening on http://127.0.0.1:" << acceptor.local_endpoint().port() << std::endl;

  std::vector<std::thread> pool;
  for (unsigned i = 1; i < threads; ++i) pool.emplace_back([&io] { io.run(); });
  io.run();
  for (auto& thread : pool) thread.join();
}
