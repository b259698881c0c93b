#include "tests/serve/client.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <utility>

namespace agewise::serve {

int connect_to(int port, const char* from) {
  int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  timeval limit{20, 0};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  ::inet_pton(AF_INET, from, &address.sin_addr);
  if (::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    ::close(socket);
    throw std::runtime_error(std::string("cannot connect from ") + from);
  }
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    ::close(socket);
    throw std::runtime_error("cannot connect");
  }
  return socket;
}

Client::Client(int port, const char* from) : socket_(connect_to(port, from)) {}

Client::~Client() { ::close(socket_); }

void Client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

bool Client::fill() {
  std::array<char, 65536> buffer{};
  ssize_t size = ::recv(socket_, buffer.data(), buffer.size(), 0);
  closed_ = size == 0 || (size < 0 && errno == ECONNRESET);
  if (size <= 0) return false;
  arrived_.append(buffer.data(), static_cast<std::size_t>(size));
  return true;
}

std::string Client::read_until(std::string_view end) {
  std::size_t found = 0;
  while ((found = arrived_.find(end)) == std::string::npos) {
    if (!fill()) return std::exchange(arrived_, "");
  }
  std::string text = arrived_.substr(0, found + end.size());
  arrived_.erase(0, text.size());
  return text;
}

bool Client::is_closed() {
  while (fill()) {
  }
  return closed_;
}

Answer Client::read_answer() {
  std::string head = read_until("\r\n\r\n");
  Answer answer;
  if (!head.starts_with("HTTP/1.1 ") || !head.ends_with("\r\n\r\n")) return answer;
  answer.status = std::stoi(head.substr(9, 3));
  if (answer.status == 100) return read_answer();
  for (std::size_t at = head.find("\r\n") + 2; at + 2 < head.size(); at = head.find("\r\n", at) + 2) {
    std::size_t colon = head.find(": ", at);
    std::string name = head.substr(at, colon - at);
    std::transform(name.begin(), name.end(), name.begin(), ::tolower);
    answer.headers[name] = head.substr(colon + 2, head.find("\r\n", at) - colon - 2);
  }
  std::size_t size = answer.headers.contains("content-length") ? std::stoul(answer.headers["content-length"]) : 0;
  while (arrived_.size() < size && fill()) {
  }
  answer.body = arrived_.substr(0, size);
  arrived_.erase(0, size);
  return answer;
}

std::string request_text(const std::string& method, const std::string& target, const std::string& headers,
                         std::string_view body) {
  std::string text = method + " " + target + " HTTP/1.1\r\n";
  if (headers.find("Host:") == std::string::npos) text += "Host: localhost\r\n";
  text += headers;
  if (!body.empty() || method == "POST") text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return text + "\r\n" + std::string(body);
}

Answer ask(int port, const std::string& method, const std::string& target, const std::string& headers,
           std::string_view body) {
  Client client(port);
  client.send(request_text(method, target, headers, body));
  return client.read_answer();
}

}  // namespace agewise::serve
