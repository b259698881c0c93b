// The service over TLS, met by a client of GnuTLS that trusts nothing but the certificate made here.
#include <gmock/gmock.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <stdexcept>

#include "agewise/serve/service.h"
#include "tests/serve/bright.h"
#include "tests/serve/client.h"

namespace agewise::serve {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

void must(int result) {
  if (result < 0) throw std::runtime_error(gnutls_strerror(result));
}

struct Pair {
  std::string certificate, key;  // PEM
};

// Of "localhost", signed by itself, good for an hour.
Pair make_pair_of_localhost() {
  gnutls_x509_privkey_t key = nullptr;
  gnutls_x509_crt_t certificate = nullptr;
  must(gnutls_x509_privkey_init(&key));
  must(gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
  must(gnutls_x509_crt_init(&certificate));
  must(gnutls_x509_crt_set_version(certificate, 3));
  must(gnutls_x509_crt_set_serial(certificate, "\x01", 1));
  must(gnutls_x509_crt_set_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, "localhost", 9));
  must(gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_DNSNAME, "localhost", 9, GNUTLS_FSAN_SET));
  must(gnutls_x509_crt_set_activation_time(certificate, time(nullptr) - 60));
  must(gnutls_x509_crt_set_expiration_time(certificate, time(nullptr) + 3600));
  must(gnutls_x509_crt_set_key(certificate, key));
  must(gnutls_x509_crt_sign2(certificate, certificate, key, GNUTLS_DIG_SHA256, 0));
  std::array<char, 4096> text{};
  std::size_t size = text.size();
  Pair pair;
  must(gnutls_x509_crt_export(certificate, GNUTLS_X509_FMT_PEM, text.data(), &size));
  pair.certificate.assign(text.data(), size);
  size = text.size();
  must(gnutls_x509_privkey_export(key, GNUTLS_X509_FMT_PEM, text.data(), &size));
  pair.key.assign(text.data(), size);
  gnutls_x509_crt_deinit(certificate);
  gnutls_x509_privkey_deinit(key);
  return pair;
}

// One request on a connection of its own; all that comes back until the server closes it.
std::string ask_over_tls(int port, const std::string& trusted, const std::string& request,
                         const char* versions = nullptr) {
  gnutls_certificate_credentials_t credentials = nullptr;
  must(gnutls_certificate_allocate_credentials(&credentials));
  gnutls_datum_t pem{reinterpret_cast<unsigned char*>(const_cast<char*>(trusted.data())),
                     static_cast<unsigned>(trusted.size())};
  must(gnutls_certificate_set_x509_trust_mem(credentials, &pem, GNUTLS_X509_FMT_PEM));
  gnutls_session_t session = nullptr;
  must(gnutls_init(&session, GNUTLS_CLIENT));
  must(versions == nullptr ? gnutls_set_default_priority(session)
                           : gnutls_priority_set_direct(session, versions, nullptr));
  must(gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials));
  must(gnutls_server_name_set(session, GNUTLS_NAME_DNS, "localhost", 9));
  gnutls_session_set_verify_cert(session, "localhost", 0);

  int socket = connect_to(port);
  gnutls_transport_set_int(session, socket);
  gnutls_handshake_set_timeout(session, 20000);
  int result = 0;
  do {
    result = gnutls_handshake(session);
  } while (result == GNUTLS_E_INTERRUPTED);
  std::string answer;
  if (result == GNUTLS_E_SUCCESS) {
    must(static_cast<int>(gnutls_record_send(session, request.data(), request.size())));
    std::array<char, 16384> buffer{};
    ssize_t size = 0;
    do {  // AGAIN: something came that was not the answer, such as a ticket of TLS 1.3
      size = gnutls_record_recv(session, buffer.data(), buffer.size());
      if (size > 0) answer.append(buffer.data(), static_cast<std::size_t>(size));
    } while (size > 0 || size == GNUTLS_E_AGAIN || size == GNUTLS_E_INTERRUPTED);
  } else {
    answer = gnutls_strerror(result);
  }
  ::close(socket);
  gnutls_deinit(session);
  gnutls_certificate_free_credentials(credentials);
  return answer;
}

class ServedOverTls : public testing::Test {
 protected:
  void SetUp() override {
    ServiceOptions options;
    options.http.port = 0;
    options.http.certificate = pair.certificate;
    options.http.key = pair.key;
    service = std::make_unique<Service>(bright_model(), *engine, options, now);
  }
  Pair pair = make_pair_of_localhost();
  std::unique_ptr<nn::Engine> engine = nn::make_reference_engine();
  std::unique_ptr<Service> service;
};

TEST_F(ServedOverTls, gives_the_age_to_a_client_that_knows_its_certificate) {
  std::string request =
      request_text("POST", "/v1/estimate", "Content-Type: image/png\r\nConnection: close\r\n", text_of(grey_png(250)));
  std::string answer = ask_over_tls(service->port(), pair.certificate, request);
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(answer,
              HasSubstr(R"({"pictures":[{"faces":[{"box":null,"crop":true,"age":70.0,"class":"60 and over"}]}]})"));
}

TEST_F(ServedOverTls, tells_nothing_to_clients_that_trust_another_or_talk_plain_http) {
  std::string request = request_text("GET", "/v1/model", "Connection: close\r\n");
  EXPECT_EQ(ask_over_tls(service->port(), make_pair_of_localhost().certificate, request),
            gnutls_strerror(GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR));
  EXPECT_EQ(ask(service->port(), "GET", "/v1/model").status, 0);
}

TEST_F(ServedOverTls, closes_a_connection_whose_handshake_does_not_come) {
  ServiceOptions options;
  options.http.port = 0;
  options.http.certificate = pair.certificate;
  options.http.key = pair.key;
  options.http.header_seconds = 0.3;
  Service impatient(bright_model(), *engine, options, now);
  double start = now();
  EXPECT_TRUE(Client(impatient.port()).is_closed());
  EXPECT_LT(now() - start, 10);  // reading gives up after 20
}

TEST_F(ServedOverTls, speaks_no_version_before_1_2) {
  std::string request = request_text("GET", "/healthz", "Connection: close\r\n");
  for (const char* version : {"1.2", "1.3"}) {
    std::string versions = std::string("NORMAL:-VERS-ALL:+VERS-TLS") + version;
    EXPECT_THAT(ask_over_tls(service->port(), pair.certificate, request, versions.c_str()), StartsWith("HTTP/1.1 200 "))
        << version;
  }
  for (const char* version : {"1.0", "1.1"}) {
    std::string versions = std::string("NORMAL:-VERS-ALL:+VERS-TLS") + version;
    EXPECT_EQ(ask_over_tls(service->port(), pair.certificate, request, versions.c_str()),
              gnutls_strerror(GNUTLS_E_FATAL_ALERT_RECEIVED))
        << version;
  }
}

}  // namespace
}  // namespace agewise::serve
