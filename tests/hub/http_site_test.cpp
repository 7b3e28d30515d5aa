#include "http_site.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "hub/running_server.h"

namespace theta::hub::testing {
namespace {

void write(const std::string& path, std::string_view text) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

std::string text_of(const HttpAnswer& answer) {
  const auto view = answer.body.view();
  return {view.begin(), view.end()};
}

std::string field_of(const HttpAnswer& answer, std::string_view name) {
  for (const auto& [key, value] : answer.fields)
    if (key == name) return value;
  return {};
}

struct Site {
  Site()
      : site({.is_ready = [this] { return is_ready; },
              .metrics = [] { return std::string("theta_x 1\n"); },
              .rtc = [](const HttpRequest&) { return text_answer(200, "answer"); },
              .refuse_websocket = [this](const transport::SocketAddress&) { return refusal; }}) {}
  HttpAnswer get(std::string_view path) {
    request.method = "GET";
    request.path = path;
    return site.answer(request);
  }
  bool is_ready = true;
  std::optional<HttpAnswer> refusal;
  HttpRequest request;
  HttpSite site;
};

struct SiteWithEditor : Site {
  SiteWithEditor() {
    const auto root = folder.path() + "/editor";
    write(root + "/index.html", "<!doctype html>page");
    write(root + "/assets/index-B6f3xQ2a.js", "script");
    write(root + "/assets/index-B6f3xQ2a.js.br", "brotli");
    write(root + "/assets/index-B6f3xQ2a.js.gz", "gzip");
    write(root + "/assets/core-9a8b7c6d.wasm", "wasm");
    write(root + "/favicon.svg", "<svg/>");
    write(root + "/.secret", "secret");
    write(root + "/.git/config", "secret");
    write(folder.path() + "/outside.txt", "outside");
    EXPECT_EQ(::symlink((folder.path() + "/outside.txt").c_str(), (root + "/link.txt").c_str()), 0);
    EXPECT_EQ(::symlink(folder.path().c_str(), (root + "/linked").c_str()), 0);
    EXPECT_EQ(::mkfifo((root + "/pipe").c_str(), 0600), 0);
    auto files = EditorFiles::read(root + "/");
    EXPECT_TRUE(files.has_value()) << files.error().message;
    EXPECT_EQ(files->size(), 4U);
    site.set_editor(std::move(*files));
  }
  TemporaryFolder folder;
};

TEST(HttpSite, PagesOfAllowedOriginsMaySendOffersAndReadTheAnswers) {
  Site web;
  web.site.set_own_names({false, "", "https://studio.example"});
  web.request.path = "/rtc";
  web.request.host = "hub.example";
  const auto ask = [&](const char* method, std::string_view origin) {
    web.request.method = method;
    web.request.origin = origin;
    return web.site.answer(web.request);
  };
  const auto first = ask("OPTIONS", "https://studio.example");
  EXPECT_EQ(first.status, 200U);
  EXPECT_EQ(field_of(first, "Access-Control-Allow-Origin"), "https://studio.example");
  EXPECT_EQ(field_of(first, "Access-Control-Allow-Methods"), "POST");
  for (const char* name : {"Content-Type", "Theta-Author", "Theta-Time", "Theta-Signature"})
    EXPECT_NE(field_of(first, "Access-Control-Allow-Headers").find(name), std::string::npos) << name;
  const auto offer = ask("POST", "https://studio.example");
  EXPECT_EQ(text_of(offer), "answer");
  EXPECT_EQ(field_of(offer, "Access-Control-Allow-Origin"), "https://studio.example");
  EXPECT_EQ(field_of(offer, "Vary"), "Origin");
  for (const char* method : {"OPTIONS", "POST"}) {
    const auto refused = ask(method, "https://evil.example");
    EXPECT_EQ(refused.status, 403U);
    EXPECT_EQ(field_of(refused, "Access-Control-Allow-Origin"), "");
  }
  EXPECT_EQ(ask("OPTIONS", "").status, 405U);
}

TEST(HttpSite, EditorsPageIsAtTheRootAndAtEveryRoom) {
  SiteWithEditor web;
  for (const char* path : {"/", "/index.html", "/r/abc-DEF_123"}) {
    const auto answer = web.get(path);
    EXPECT_EQ(answer.status, 200U) << path;
    EXPECT_EQ(text_of(answer), "<!doctype html>page") << path;
    EXPECT_EQ(answer.content_type, "text/html; charset=utf-8");
    EXPECT_EQ(answer.cache_control, "no-cache");
  }
  for (const auto& path :
       {std::string("/r/"), std::string("/r/a/b"), std::string("/r/a.b"), "/r/" + std::string(65, 'a')})
    EXPECT_EQ(web.get(path).status, 404U) << path;
}

TEST(HttpSite, HashedNamesAreKeptForEverAndOthersAskedForAgain) {
  SiteWithEditor web;
  EXPECT_EQ(web.get("/assets/index-B6f3xQ2a.js").cache_control, "public, max-age=31536000, immutable");
  EXPECT_EQ(web.get("/favicon.svg").cache_control, "no-cache");
  EXPECT_TRUE(is_hashed_name("/assets/a-b-x_-45678.css"));
  for (const char* path : {"/index-B6f3xQ2a.js", "/assets/texture-granites.png", "/assets/index.js",
                           "/assets/-short1.js", "/assets/B6f3xQ2a", "/assets/index-B6f3x 2a.js"})
    EXPECT_FALSE(is_hashed_name(path)) << path;
}

TEST(HttpSite, ContentTypesFollowTheEnding) {
  SiteWithEditor web;
  EXPECT_EQ(web.get("/assets/core-9a8b7c6d.wasm").content_type, "application/wasm");
  EXPECT_EQ(web.get("/assets/index-B6f3xQ2a.js").content_type, "text/javascript; charset=utf-8");
  EXPECT_EQ(web.get("/favicon.svg").content_type, "image/svg+xml");
}

TEST(HttpSite, CompressedSiblingsGoToBrowsersThatTakeThem) {
  SiteWithEditor web;
  const auto fetch = [&](const char* accepts) {
    web.request.accept_encoding = accepts;
    return web.get("/assets/index-B6f3xQ2a.js");
  };
  const auto brotli = fetch("gzip, br");
  EXPECT_EQ(text_of(brotli), "brotli");
  EXPECT_EQ(field_of(brotli, "Content-Encoding"), "br");
  EXPECT_EQ(brotli.content_type, "text/javascript; charset=utf-8");
  const auto gzip = fetch("gzip, br;q=0");
  EXPECT_EQ(text_of(gzip), "gzip");
  EXPECT_EQ(field_of(gzip, "Content-Encoding"), "gzip");
  const auto plain = fetch("");
  EXPECT_EQ(text_of(plain), "script");
  EXPECT_EQ(field_of(plain, "Content-Encoding"), "");
  for (const auto* answer : {&brotli, &gzip, &plain}) EXPECT_EQ(field_of(*answer, "Vary"), "Accept-Encoding");
  EXPECT_NE(field_of(brotli, "ETag"), field_of(plain, "ETag"));
  EXPECT_EQ(web.get("/assets/index-B6f3xQ2a.js.br").status, 404U) << "a sibling has no address of its own";
}

TEST(HttpSite, UnchangedFilesAreNotSentAgain) {
  SiteWithEditor web;
  const auto etag = field_of(web.get("/"), "ETag");
  EXPECT_GT(etag.size(), 10U);
  web.request.if_none_match = etag;
  const auto again = web.get("/");
  EXPECT_EQ(again.status, 304U);
  EXPECT_TRUE(again.body.empty());
  EXPECT_EQ(field_of(again, "ETag"), etag);
  web.request.if_none_match = "\"other\"";
  EXPECT_EQ(web.get("/").status, 200U);
}

TEST(HttpSite, NothingOutsideOfTheFolderAndNothingHiddenIsServed) {
  SiteWithEditor web;
  for (const char* path : {"/link.txt", "/linked/outside.txt", "/.secret", "/.git/config", "/pipe", "/outside.txt",
                           "/../outside.txt", "/assets", "/assets/"})
    EXPECT_EQ(web.get(path).status, 404U) << path;
}

TEST(HttpSite, EveryAnswerForbidsWhatTheEditorDoesNotNeed) {
  SiteWithEditor web;
  for (const char* path : {"/", "/healthz", "/nothing", "/ws", "/rtc"}) {
    const auto answer = web.get(path);
    EXPECT_EQ(field_of(answer, "Content-Security-Policy"),
              "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; "
              "img-src 'self' blob: data:; connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; "
              "form-action 'none'; frame-ancestors 'none'")
        << path;
    EXPECT_EQ(field_of(answer, "X-Content-Type-Options"), "nosniff") << path;
    EXPECT_EQ(field_of(answer, "Referrer-Policy"), "no-referrer") << path;
    EXPECT_EQ(field_of(answer, "Cross-Origin-Opener-Policy"), "same-origin") << path;
  }
}

TEST(HttpSite, HubWithoutAnEditorSaysWhatToDo) {
  Site web;
  const auto answer = web.get("/r/room");
  EXPECT_EQ(answer.status, 404U);
  EXPECT_EQ(answer.content_type, "text/html; charset=utf-8");
  EXPECT_NE(text_of(answer).find("--editor FOLDER"), std::string::npos);
}

TEST(HttpSite, MethodsThatAnAddressDoesNotKnowAreRefused) {
  SiteWithEditor web;
  const auto allowed = [&](std::string_view method, std::string_view path) {
    web.request.method = method;
    web.request.path = path;
    const auto answer = web.site.answer(web.request);
    return std::to_string(answer.status) + " " + field_of(answer, "Allow");
  };
  EXPECT_EQ(allowed("POST", "/"), "405 GET, HEAD");
  EXPECT_EQ(allowed("DELETE", "/healthz"), "405 GET, HEAD");
  EXPECT_EQ(allowed("GET", "/rtc"), "405 POST");
  EXPECT_EQ(allowed("POST", "/ws"), "405 GET");
  EXPECT_EQ(web.site.stats().wrong_method, 4U);
}

TEST(HttpSite, OffersComeFromOwnPagesOnly) {
  Site web;
  web.request.method = "POST";
  web.request.path = "/rtc";
  web.request.host = "hub:4480";
  web.request.origin = "http://evil";
  EXPECT_EQ(web.site.answer(web.request).status, 403U);
  web.request.origin = "http://hub:4480";
  EXPECT_EQ(text_of(web.site.answer(web.request)), "answer");
  EXPECT_EQ(web.site.stats().wrong_origin, 1U);
}

TEST(HttpSite, PagesThatCameWithoutTlsAreNotOwnWhereThereIsTls) {
  Site web;
  web.site.set_own_names({true, "", ""});
  web.request.method = "POST";
  web.request.path = "/rtc";
  web.request.host = "hub:4480";
  web.request.origin = "http://hub:4480";
  EXPECT_EQ(web.site.answer(web.request).status, 403U);
  web.request.origin = "https://hub:4480";
  EXPECT_EQ(web.site.answer(web.request).status, 200U);
}

TEST(HttpSite, NamesOfOthersThatLeadToThisMachineAreRefused) {
  SiteWithEditor web;
  web.request.local = transport::SocketAddress::ipv4({127, 0, 0, 1}, 4480);
  web.request.host = "evil.example:4480";
  web.request.origin = "http://evil.example:4480";
  for (const char* path : {"/metrics", "/healthz", "/", "/r/room", "/nothing", "/ws"}) {
    const auto answer = web.get(path);
    EXPECT_EQ(answer.status, 421U) << path;
    EXPECT_NE(text_of(answer).find("hub.page"), std::string::npos) << path;
  }
  EXPECT_EQ(web.site.stats().wrong_host, 6U);
  for (const char* host : {"127.0.0.1:4480", "localhost", "studio.localhost:4480", "[::1]:4480", ""}) {
    web.request.host = host;
    EXPECT_EQ(web.get("/metrics").status, 200U) << host;
  }
  web.site.set_own_names({false, "https://hub.example", "https://tools.example"});
  for (const char* host : {"hub.example", "Hub.Example:4480", "tools.example"}) {
    web.request.host = host;
    EXPECT_EQ(web.get("/metrics").status, 200U) << host;
  }
  // By another address than loopback, people come by names that this hub was never told.
  web.request.host = "evil.example";
  web.request.local = transport::SocketAddress::ipv4({192, 0, 2, 1}, 4480);
  EXPECT_EQ(web.get("/metrics").status, 200U);
}

TEST(HttpSite, RefusedSignallingIsCountedByDoorAndTold) {
  std::vector<std::string> told;
  HttpSite site({.is_ready = [] { return true; },
                 .metrics = [] { return std::string(); },
                 .rtc = [](const HttpRequest&) { return text_answer(429, "wait"); },
                 .refuse_websocket = [](const transport::SocketAddress&) { return std::nullopt; },
                 .on_signalling_refused =
                     [&](const HttpRequest& request, const HttpAnswer& answer) {
                       told.push_back(std::string(request.path) + " " + std::to_string(answer.status));
                     }});
  const auto ask = [&](std::string_view method, std::string_view path, std::string_view origin) {
    HttpRequest request;
    request.method = method;
    request.path = path;
    request.host = "hub";
    request.origin = origin;
    return site.answer(request).status;
  };
  EXPECT_EQ(ask("POST", "/rtc", "http://hub"), 429U);
  EXPECT_EQ(ask("POST", "/rtc", "http://evil"), 403U);
  EXPECT_EQ(ask("GET", "/ws", "http://hub"), 426U);
  EXPECT_EQ(ask("GET", "/elsewhere", "http://hub"), 404U);
  EXPECT_EQ(told, (std::vector<std::string>{"/rtc 429", "/rtc 403", "/ws 426"}));
  EXPECT_EQ(site.stats().rtc_refusals, 2U);
  EXPECT_EQ(site.stats().ws_refusals, 1U);
}

TEST(HttpSite, ReadinessFollowsTheHub) {
  Site web;
  EXPECT_EQ(web.get("/readyz").status, 200U);
  web.is_ready = false;
  EXPECT_EQ(web.get("/readyz").status, 503U);
  EXPECT_EQ(text_of(web.get("/metrics")), "theta_x 1\n");
}

TEST(EditorFiles, FolderWithoutAPageOrWithTooManyFilesIsRefused) {
  TemporaryFolder folder;
  const auto missing = EditorFiles::read(folder.path() + "/none");
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().code, ServerError::editor);
  write(folder.path() + "/a.js", "x");
  const auto no_page = EditorFiles::read(folder.path());
  ASSERT_FALSE(no_page.has_value());
  EXPECT_NE(no_page.error().message.find("index.html"), std::string::npos);
  write(folder.path() + "/index.html", "x");
  for (std::size_t count = 2; count < EditorFiles::kFilesMax; ++count)
    write(folder.path() + "/f" + std::to_string(count), "");
  EXPECT_TRUE(EditorFiles::read(folder.path()).has_value());
  write(folder.path() + "/one-more", "");
  EXPECT_FALSE(EditorFiles::read(folder.path()).has_value());
}

TEST(EditorFiles, MoreBytesThanTheBoundAreRefused) {
  TemporaryFolder folder;
  write(folder.path() + "/index.html", "x");
  write(folder.path() + "/large.bin", "");
  fs::resize_file(folder.path() + "/large.bin", EditorFiles::kBytesMax);
  const auto refused = EditorFiles::read(folder.path());
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().message.find("128 MiB"), std::string::npos);
}

}  // namespace
}  // namespace theta::hub::testing
