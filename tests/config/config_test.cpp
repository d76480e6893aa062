#include "config/config.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace plo::config;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::UnorderedElementsAre;

settings accepted(std::string_view text) {
  auto parsed = parse_settings(text, "etc/plo.toml");
  EXPECT_TRUE(parsed) << parsed.error().message();
  return parsed ? *parsed : settings{};
}

config_error refused(std::string_view text) {
  auto parsed = parse_settings(text, "etc/plo.toml");
  EXPECT_FALSE(parsed) << text;
  return parsed ? config_error{} : parsed.error();
}

// SHA-256("dev-erp"), from sha256sum.
constexpr auto dev_erp_sha256 = "372dffa5d087d71ac3b35b8822869073c4efe09cd4ddbe3a4ec3ef14fb77dc76";

TEST(Config, AnEmptyFileIsAllDefaults) {
  const auto got = accepted("");
  EXPECT_EQ(got.server.listen.host, "127.0.0.1");
  EXPECT_EQ(got.server.listen.port, 8080);
  EXPECT_EQ(got.server.timezone, "Europe/Paris");
  EXPECT_EQ(got.server.country, "FR");
  EXPECT_EQ(got.server.data_dir, "etc/data");
  EXPECT_EQ(got.ingest.max_in_flight, 10'000u);
  EXPECT_EQ(got.ingest.max_body_bytes, 1'048'576u);
  EXPECT_THAT(got.ingest.opens_project, ElementsAre("project.created", "inspiration.started", "quote_products.created"));
  EXPECT_EQ(got.ingest.attach_period, 180 * 24h);
  EXPECT_EQ(got.ingest.max_ahead, 24h);
  EXPECT_EQ(got.ingest.limits.lines_per_order, 2'000u);
  EXPECT_EQ(got.ingest.limits.orders_per_project, 500u);
  EXPECT_EQ(got.ingest.limits.legs_per_project, 1'000u);
  EXPECT_EQ(got.ingest.limits.tours_per_project, 200u);
  EXPECT_EQ(got.ingest.limits.visits_per_project, 200u);
  EXPECT_EQ(got.ingest.limits.text_bytes, 65'536u);
  EXPECT_EQ(got.auth.session, 12h);
  EXPECT_TRUE(got.sources.empty());
  EXPECT_TRUE(got.rules.files.empty());
}

TEST(Config, ReadsEveryKey) {
  const auto rules = std::filesystem::path(testing::TempDir()) / "config_test_rules.toml";
  ::setenv("PLO_CONFIG_TEST_SECRET", "s3", 1);
  std::ofstream(rules) << "";
  const auto parsed = parse_settings(R"(
[server]
listen = "[::1]:0"
data_dir = "/var/lib/plo"
timezone = "America/Sao_Paulo"
io_threads = 3
country = "BR"
public_url = "https://plo.example.org/"
[ingest]
max_in_flight = 7
max_body_bytes = 4096
opens_project = ["project.created"]
attach_period = "PT1.5S"
max_ahead = "PT5M"
[ingest.limits]
lines_per_order = 1
orders_per_project = 2
legs_per_project = 3
tours_per_project = 4
visits_per_project = 5
text_bytes = 6
[sources.erp]
key = "dev-erp"
hmac_secret = "s"
rate_limit_per_s = 20
[sources.erp.map]
"ORDER_VALIDATED" = "order.confirmed"
"order.étrange" = "order.cancelled"
[actors]
max_live_projects = 9
scheduler_threads = 2
[auth]
jwt_secret_env = "OTHER"
session = "PT30M"
[rules]
files = ["config_test_rules.toml"]
[notifications]
language = "en"
retry_base = "PT0.1S"
retry_cap = "PT2S"
give_up_after = "PT10S"
[notifications.smtp]
url = "smtp://mail:25"
from = "a@example.org"
username = "plo"
password = "pw"
tls = "required"
ca_file = "config_test_rules.toml"
timeout = "PT3S"
[notifications.webhooks.crm]
url = "http://crm/tickets"
secret_env = "PLO_CONFIG_TEST_SECRET"
timeout = "PT4S"
[notifications.webhooks.sav]
[notifications.recipients]
coordinator = ["b@example.org", "c@example.org"]
buyer = []
)",
                                     rules.parent_path() / "plo.toml");
  ASSERT_TRUE(parsed) << parsed.error().message();
  EXPECT_EQ(parsed->server.listen.host, "::1");
  EXPECT_EQ(parsed->server.listen.port, 0);
  EXPECT_EQ(parsed->server.data_dir, "/var/lib/plo");
  EXPECT_EQ(parsed->server.timezone, "America/Sao_Paulo");
  EXPECT_EQ(parsed->server.io_threads, 3u);
  EXPECT_EQ(parsed->server.country, "BR");
  EXPECT_EQ(parsed->server.public_url, "https://plo.example.org/");
  EXPECT_EQ(parsed->ingest.max_in_flight, 7u);
  EXPECT_EQ(parsed->ingest.max_body_bytes, 4096u);
  EXPECT_THAT(parsed->ingest.opens_project, ElementsAre("project.created"));
  EXPECT_EQ(parsed->ingest.attach_period, 1500ms);
  EXPECT_EQ(parsed->ingest.max_ahead, 5min);
  EXPECT_EQ(parsed->ingest.limits.lines_per_order, 1u);
  EXPECT_EQ(parsed->ingest.limits.orders_per_project, 2u);
  EXPECT_EQ(parsed->ingest.limits.legs_per_project, 3u);
  EXPECT_EQ(parsed->ingest.limits.tours_per_project, 4u);
  EXPECT_EQ(parsed->ingest.limits.visits_per_project, 5u);
  EXPECT_EQ(parsed->ingest.limits.text_bytes, 6u);
  const auto& erp = parsed->sources.at("erp");
  EXPECT_EQ(erp.name, "erp");
  EXPECT_EQ(erp.key_sha256, dev_erp_sha256);
  EXPECT_EQ(erp.hmac_secret, "s");
  EXPECT_EQ(erp.rate_limit_per_s, 20u);
  EXPECT_THAT(erp.event_type_map, UnorderedElementsAre(Pair("ORDER_VALIDATED", "order.confirmed"),
                                                       Pair("order.étrange", "order.cancelled")));
  EXPECT_EQ(parsed->actors.max_live_projects, 9u);
  EXPECT_EQ(parsed->actors.scheduler_threads, 2u);
  EXPECT_EQ(parsed->auth.jwt_secret_env, "OTHER");
  EXPECT_EQ(parsed->auth.session, 30min);
  EXPECT_THAT(parsed->rules.files, ElementsAre(rules));
  const auto& told = parsed->notifications;
  EXPECT_EQ(told.language, "en");
  EXPECT_EQ(told.retry_base, 100ms);
  EXPECT_EQ(told.retry_cap, 2s);
  EXPECT_EQ(told.give_up_after, 10s);
  EXPECT_EQ(told.smtp.url, "smtp://mail:25");
  EXPECT_EQ(told.smtp.from, "a@example.org");
  EXPECT_EQ(told.smtp.username, "plo");
  EXPECT_EQ(told.smtp.password, "pw");
  EXPECT_EQ(told.smtp.tls, tls_mode::required);
  EXPECT_EQ(told.smtp.ca_file, rules);
  EXPECT_EQ(told.smtp.timeout, 3s);
  ASSERT_EQ(told.webhooks.size(), 2u);
  EXPECT_EQ(told.webhooks.at("crm").url, "http://crm/tickets");
  EXPECT_EQ(told.webhooks.at("crm").secret, "s3");
  EXPECT_EQ(told.webhooks.at("crm").timeout, 4s);
  EXPECT_EQ(told.webhooks.at("sav").url, "");
  EXPECT_THAT(parsed->notifications.recipients,
              UnorderedElementsAre(Pair("coordinator", ElementsAre("b@example.org", "c@example.org")),
                                   Pair("buyer", ElementsAre())));
}

TEST(Config, TheExampleFileHasAllNineSources) {
  const auto parsed = read_settings(PLO_EXAMPLE_CONFIG);
  ASSERT_TRUE(parsed) << parsed.error().message();
  EXPECT_EQ(parsed->sources.size(), known_sources().size());
  EXPECT_EQ(parsed->sources.at("erp").key_sha256, dev_erp_sha256);
}

TEST(Config, RelativePathsAreRelativeToTheFile) {
  EXPECT_EQ(accepted("server.data_dir = '../d'").server.data_dir, "d");
  EXPECT_EQ(accepted("server.data_dir = '/d'").server.data_dir, "/d");
}

TEST(Config, KeysComeFromTextEnvironmentOrDigest) {
  ::setenv("PLO_CONFIG_TEST_KEY", "dev-erp", 1);
  EXPECT_EQ(accepted("sources.oms.key_env = 'PLO_CONFIG_TEST_KEY'").sources.at("oms").key_sha256, dev_erp_sha256);
  std::string upper = dev_erp_sha256;
  for (auto& c : upper) c = static_cast<char>(std::toupper(c));
  EXPECT_EQ(accepted("sources.oms.key_sha256 = '" + upper + "'").sources.at("oms").key_sha256, dev_erp_sha256);
}

struct refusal_case {
  std::string name;
  std::string text;
  std::uint32_t line;
  std::string reason;
};

class Refusal : public testing::TestWithParam<refusal_case> {};

TEST_P(Refusal, NamesFileLineAndReason) {
  ::unsetenv("PLO_CONFIG_TEST_ABSENT");
  ::setenv("PLO_CONFIG_TEST_EMPTY", "", 1);
  const auto error = refused(GetParam().text);
  EXPECT_EQ(error.file, "etc/plo.toml");
  EXPECT_EQ(error.line, GetParam().line) << error.reason;
  EXPECT_THAT(error.reason, HasSubstr(GetParam().reason));
  EXPECT_EQ(error.message(), "etc/plo.toml:" + std::to_string(error.line) + ": " + error.reason);
}

const refusal_case refusals[] = {
    {"Syntax", "[server]\nlisten = \n", 2, "value"},
    {"UnclosedString", "[server]\n\nlisten = \"a\n", 3, ""},
    {"DuplicateKey", "[server]\ncountry = 'FR'\ncountry = 'BE'", 3, "country"},
    {"DuplicateTable", "[server]\n[ingest]\n[server]\n", 3, "server"},
    {"InvalidUtf8", "[server]\ncountry = '\xff\xfe'", 2, ""},
    {"UnknownTable", "\n[sever]\n", 2, "unknown key sever"},
    {"UnknownTopKey", "listen = '127.0.0.1:1'", 1, "unknown key listen"},
    {"UnknownServerKey", "[server]\n\nlisen = 'x'", 3, "unknown key server.lisen"},
    {"UnknownIngestKey", "[ingest]\nmax = 1", 2, "unknown key ingest.max"},
    {"UnknownSourceKey", "[sources.erp]\nkey = 'a'\nkye = 'b'", 3, "unknown key sources.erp.kye"},
    {"UnknownActorsKey", "[actors]\nthreads = 1", 2, "unknown key actors.threads"},
    {"UnknownAuthKey", "[auth]\nsecret = ''", 2, "unknown key auth.secret"},
    {"UnknownRulesKey", "[rules]\nfile = ''", 2, "unknown key rules.file"},
    {"UnknownNotificationsKey", "[notifications.mail]\n", 1, "unknown key notifications.mail"},
    {"UnknownSmtpKey", "[notifications.smtp]\nhost = 'x'", 2, "unknown key notifications.smtp.host"},
    {"UnknownWebhookKey", "[notifications.webhooks.crm]\nuri = 'x'", 2, "unknown key notifications.webhooks.crm.uri"},
    {"UnknownSource", "[sources.erp]\nkey = 'a'\n[sources.sap]\nkey = 'b'", 3, "unknown source sap"},

    {"TableIsText", "server = 'x'", 1, "server must be a table"},
    {"SourceIsText", "[sources]\nerp = 'x'", 2, "sources.erp must be a table"},
    {"ListenIsInteger", "[server]\nlisten = 8080", 2, "server.listen must be a string"},
    {"IntegerIsText", "[server]\nio_threads = '4'", 2, "server.io_threads must be an integer"},
    {"IntegerIsFloat", "[ingest]\nmax_in_flight = 1.0", 2, "ingest.max_in_flight must be an integer"},
    {"ListIsText", "[ingest]\nopens_project = 'project.created'", 2, "ingest.opens_project must be a list"},
    {"ElementIsInteger", "[ingest]\nopens_project = [\n 'project.created',\n 1]", 4, "each element of ingest.opens_project must be a string"},
    {"MapIsText", "[sources.erp]\nkey = 'a'\nmap = 'x'", 3, "sources.erp.map must be a table"},
    {"MapTargetIsTable", "[sources.erp]\nkey = 'a'\n[sources.erp.map]\nORDER.VALIDATED = 'order.confirmed'", 4, "must be a string"},
    {"DurationIsInteger", "[auth]\nsession = 12", 2, "auth.session must be a string"},

    {"IntegerBeyond64Bits", "[ingest]\nmax_in_flight = 99999999999999999999", 2, ""},
    {"NegativeInteger", "[server]\nio_threads = -1", 2, "-1 is not between 0 and 1024"},
    {"ZeroInFlight", "[ingest]\nmax_in_flight = 0", 2, "0 is not between 1 and"},
    {"ZeroLines", "[ingest.limits]\nlines_per_order = 0", 2, "0 is not between 1 and 1000000"},
    {"UnknownLimit", "[ingest.limits]\nnotes = 5", 2, "unknown key ingest.limits.notes"},
    {"ZeroBody", "[ingest]\nmax_body_bytes = 0", 2, "0 is not between 1 and"},
    {"HugeBody", "[ingest]\nmax_body_bytes = 67108865", 2, "67108865 is not between 1 and 67108864"},
    {"NegativeRate", "[sources.erp]\nkey = 'a'\nrate_limit_per_s = -5", 3, "-5 is not between 0 and"},
    {"RateBeyond32Bits", "[sources.erp]\nkey = 'a'\nrate_limit_per_s = 4294967296", 3, "is not between"},
    {"ZeroLiveProjects", "[actors]\nmax_live_projects = 0", 2, "is not between"},

    {"ListenWithoutPort", "[server]\nlisten = '127.0.0.1'", 2, "the port is missing"},
    {"ListenWithoutHost", "[server]\nlisten = ':8080'", 2, "the host is missing"},
    {"ListenPortTooLarge", "[server]\nlisten = '127.0.0.1:65536'", 2, "0 to 65535"},
    {"ListenPortNegative", "[server]\nlisten = '127.0.0.1:-1'", 2, "0 to 65535"},
    {"ListenPortText", "[server]\nlisten = '127.0.0.1:80a'", 2, "0 to 65535"},
    {"ListenBareIpv6", "[server]\nlisten = '::1:8080'", 2, "brackets"},
    {"ListenHostWithSpace", "[server]\nlisten = 'a b:80'", 2, "character"},
    {"EmptyDataDir", "[server]\ndata_dir = ''", 2, "a folder is needed"},
    {"EmptyTimezone", "[server]\ntimezone = ''", 2, "server.timezone"},
    {"UnknownTimezone", "[server]\ntimezone = 'Europe/Pariss'", 2, "'Europe/Pariss' is no time zone"},
    {"BadCountry", "[server]\ncountry = 'Atlantis'", 2, "server.country: 'Atlantis' is neither an ISO 3166 code such as FR"},
    {"UnassignedCountryCode", "[server]\ncountry = 'XX'", 2, "'XX' is neither"},
    {"CutCountryCode", "[server]\ncountry = 'F '", 2, "'F ' is neither"},
    {"EmptyCountry", "[server]\ncountry = ''", 2, "'' is neither"},
    {"BadPublicUrl", "[server]\npublic_url = '127.0.0.1:8080'", 2, "not an http or https URL"},
    {"BadOpensProject", "[ingest]\nopens_project = ['Project.created']", 2, "'Project.created' is not an event type"},
    {"BadDuration", "[ingest]\nattach_period = '180 days'", 2, "does not start with P"},
    {"ZeroDuration", "[auth]\nsession = 'PT0S'", 2, "above zero"},

    {"NoKey", "\n[sources.erp]\nrate_limit_per_s = 1", 2, "exactly one of key, key_env and key_sha256"},
    {"TwoKeys", "[sources.erp]\nkey = 'a'\nkey_env = 'PATH'", 1, "exactly one of"},
    {"EmptyKey", "[sources.erp]\nkey = ''", 2, "empty key"},
    {"KeyVariableAbsent", "[sources.erp]\nkey_env = 'PLO_CONFIG_TEST_ABSENT'", 2, "PLO_CONFIG_TEST_ABSENT is not set"},
    {"KeyVariableEmpty", "[sources.erp]\nkey_env = 'PLO_CONFIG_TEST_EMPTY'", 2, "is not set"},
    {"KeyVariableBadName", "[sources.erp]\nkey_env = 'A B'", 2, "not a name of an environment variable"},
    {"ShortDigest", "[sources.erp]\nkey_sha256 = 'abc'", 2, "64 hexadecimal digits"},
    {"SharedKey", "[sources.erp]\nkey = 'a'\n[sources.oms]\nkey = 'a'", 3, "sources.oms has the same key as sources.erp"},
    {"BadMapTarget", "[sources.erp]\nkey = 'a'\n[sources.erp.map]\nX = 'confirmed'", 4, "'confirmed' is not an event type"},
    {"BadMapTargetWithDigit", "[sources.erp]\nkey = 'a'\n[sources.erp.map]\nX = 'order.v2'", 4, "not an event type"},

    {"EmptyJwtVariable", "[auth]\njwt_secret_env = ''", 2, "not a name of an environment variable"},
    {"OidcWithoutIssuer", "[auth.oidc]\naudience = 'plo'\njwks_file = 'x'", 1, "auth.oidc needs issuer"},
    {"OidcEmptyAudience", "[auth.oidc]\nissuer = 'i'\naudience = ''\njwks_file = 'x'", 3, "a text is needed"},
    {"OidcAbsentKeys", "[auth.oidc]\nissuer = 'i'\naudience = 'plo'\njwks_file = 'no-such.json'", 1, "etc/no-such.json cannot be read"},
    {"AbsentRulesFile", "[rules]\nfiles = ['no-such.toml']", 2, "etc/no-such.toml cannot be read"},
    {"BadSmtpUrl", "[notifications.smtp]\nurl = 'http://x'", 2, "not an smtp or smtps URL"},
    {"SmtpUrlWithPassword", "[notifications.smtp]\nurl = 'smtp://a:b@x'", 2, "must not hold credentials"},
    {"SmtpUserAlone", "\n[notifications.smtp]\nusername = 'x'", 2, "needs username and password, or neither"},
    {"SmtpTwoPasswords", "[notifications.smtp]\npassword = 'x'\npassword_env = 'PATH'", 3, "password is given too"},
    {"SmtpPasswordVariableAbsent", "[notifications.smtp]\npassword_env = 'PLO_CONFIG_TEST_ABSENT'", 2, "is not set"},
    {"BadTls", "[notifications.smtp]\ntls = 'yes'", 2, "none of auto, required and off"},
    {"AbsentCaFile", "[notifications.smtp]\nca_file = 'no-such.pem'", 2, "etc/no-such.pem cannot be read"},
    {"BadLanguage", "[notifications]\nlanguage = 'de'", 2, "neither fr nor en"},
    {"ZeroRetry", "[notifications]\nretry_base = 'PT0S'", 2, "above zero"},
    {"CapBelowBase", "\n[notifications]\nretry_base = 'PT20S'\nretry_cap = 'PT10S'", 2, "retry_cap is shorter than"},
    {"FromWithLineBreak", "[notifications.smtp]\nfrom = \"a@b\\nBcc: c@d\"", 2, "not a mail address"},
    {"RecipientWithName", "[notifications.recipients]\nops = ['Ops <a@b>']", 2, "not a mail address"},
    {"RecipientWithTwoAddresses", "[notifications.recipients]\nops = ['a@b,c@d']", 2, "not a mail address"},
    {"WebhookUrlWithPassword", "[notifications.webhooks.crm]\nurl = 'http://a:b@x/'", 2, "must not hold credentials"},
    {"BadSmtpFrom", "[notifications.smtp]\nfrom = 'x'", 2, "not a mail address"},
    {"BadWebhookUrl", "[notifications.webhooks.crm]\nurl = 'ftp://x'", 2, "not an http or https URL"},
    {"BadRecipient", "[notifications.recipients]\nops = ['x']", 2, "not a mail address"},
    {"RecipientIsText", "[notifications.recipients]\nops = 'a@b'", 2, "notifications.recipients.ops must be a list"},
};

INSTANTIATE_TEST_SUITE_P(Config, Refusal, testing::ValuesIn(refusals),
                         [](const auto& refusal) { return refusal.param.name; });

TEST(Config, AnIdentityProviderIsReadWithItsRoles) {
  EXPECT_FALSE(accepted("").auth.oidc);
  const std::filesystem::path folder = testing::TempDir();
  std::ofstream(folder / "keys.json") << "{}";
  const std::string table = "[auth.oidc]\nissuer = 'https://login.example.org'\naudience = 'plo'\njwks_file = 'keys.json'\n";
  const auto parsed = parse_settings(table + "role_claim = 'groups'\nroles = { a = 'admin', 'x y' = 'viewer' }", folder / "plo.toml");
  ASSERT_TRUE(parsed) << parsed.error().message();
  const auto& oidc = parsed->auth.oidc;
  ASSERT_TRUE(oidc);
  EXPECT_EQ(oidc->issuer, "https://login.example.org");
  EXPECT_EQ(oidc->jwks_file, folder / "keys.json");
  EXPECT_EQ(oidc->role_claim, "groups");
  EXPECT_EQ(oidc->email_claim, "email");
  EXPECT_THAT(oidc->roles, UnorderedElementsAre(Pair("a", "admin"), Pair("x y", "viewer")));
  const auto wrong = parse_settings(table + "roles = { a = 'root' }", folder / "plo.toml");
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error().reason, HasSubstr("'root' is not admin, operator or viewer"));
}

TEST(Config, AnUnreadableFileIsRefusedWithoutALine) {
  const auto absent = read_settings("/no/such/plo.toml");
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().message(), "/no/such/plo.toml: the file cannot be read");
  EXPECT_FALSE(read_settings(testing::TempDir()));
}

TEST(Config, DurationsAreIso8601) {
  const auto period = [](std::string_view text) {
    return accepted("ingest.attach_period = '" + std::string(text) + "'").ingest.attach_period;
  };
  EXPECT_EQ(period("PT72H"), 72h);
  EXPECT_EQ(period("P3D"), 72h);
  EXPECT_EQ(period("P2W"), 14 * 24h);
  EXPECT_EQ(period("P1DT2H3M4.056S"), 26h + 3min + 4056ms);
  EXPECT_EQ(period("PT0.001S"), 1ms);
  EXPECT_EQ(period("P36500D"), 36500 * 24h);
  for (const auto* text : {"", "P", "PT", "P3", "3D", "-P3D", "P-3D", "+P3D", "PT3D", "P3H", "P1M", "P1Y", "P1DT", "PT1.5H",
                           "PT.5S", "PT1.S", "PT1S1M", "PT1M1M", "P3D ", "p3d", "PT1,5S", "P36501D",
                           "P99999999999999999999D", "PTT1S"}) {
    EXPECT_THAT(refused("ingest.attach_period = '" + std::string(text) + "'").reason, HasSubstr("attach_period")) << text;
  }
}

TEST(Config, EndpointsAreHostAndPort) {
  const auto local = parse_endpoint("localhost:0");
  ASSERT_TRUE(local);
  EXPECT_EQ(local->host, "localhost");
  EXPECT_EQ(local->port, 0);
  EXPECT_EQ(parse_endpoint("0.0.0.0:65535")->port, 65535);
  EXPECT_EQ(parse_endpoint("[fe80::1]:80")->host, "fe80::1");
  for (const auto* text : {"", ":", "a:", "8080", "[]:80", "[::1]", "a:+1", "a:1 ", "a:0x1", "http://a:80"}) {
    EXPECT_FALSE(parse_endpoint(text)) << text;
  }
}

TEST(Config, PrivacyAndRetention) {
  const auto usual = accepted("");
  EXPECT_FALSE(usual.privacy.fields);
  EXPECT_EQ(usual.retention.archive_after, 0ms);
  EXPECT_EQ(usual.retention.check_every, 1h);

  const std::string key(64, 'a');
  ::setenv("PLO_CONFIG_TEST_MASTER", key.c_str(), 1);
  const auto got = accepted("[privacy]\nfields = ['name']\nmaster_key_env = 'PLO_CONFIG_TEST_MASTER'\n[retention]\narchive_after = 'P730D'\ncheck_every = 'PT5M'\n");
  EXPECT_THAT(*got.privacy.fields, ElementsAre("name"));
  EXPECT_EQ(got.privacy.master_key, key);
  EXPECT_EQ(got.retention.archive_after, 730 * 24h);
  EXPECT_EQ(got.retention.check_every, 5min);
  EXPECT_EQ(accepted("[privacy]\nmaster_key_file = 'key'\n").privacy.master_key_file, "etc/key");

  ::setenv("PLO_CONFIG_TEST_MASTER", "short", 1);
  EXPECT_THAT(refused("[privacy]\nmaster_key_env = 'PLO_CONFIG_TEST_MASTER'\n").reason, HasSubstr("64 hexadecimal digits"));
  EXPECT_THAT(refused("[privacy]\nmaster_key_env = 'PLO_CONFIG_TEST_NONE'\n").reason, HasSubstr("not set"));
  EXPECT_EQ(refused("[privacy]\nfields = [1]\n").line, 2u);
  EXPECT_EQ(refused("[retention]\narchive_after = 'soon'\n").line, 2u);
  EXPECT_EQ(refused("[retention]\nafter = 'P1D'\n").line, 2u);
}

}  // namespace
