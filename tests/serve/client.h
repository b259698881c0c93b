// A client that sends what it is told, right or wrong, byte for byte.
#pragma once
#include <map>
#include <string>
#include <string_view>

namespace agewise::serve {

struct Answer {
  int status = 0;                              // 0: the connection was closed without one
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

// A socket connected to 127.0.0.1, from this address, on which reading gives up after twenty seconds. The caller closes
// it.
int connect_to(int port, const char* from = "127.0.0.1");

// One connection to 127.0.0.1. Reading gives up after twenty seconds: then it looks like a closed connection.
class Client {
 public:
  explicit Client(int port, const char* from = "127.0.0.1");
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void send(std::string_view bytes);             // a server that has closed the connection is no error
  Answer read_answer();                          // one, by its Content-Length
  std::string read_until(std::string_view end);  // what arrives up to and with `end`
  bool is_closed();                              // waits for it

 private:
  bool fill();

  int socket_;
  std::string arrived_;
  bool closed_ = false;
};

// A request with Host, Content-Length and what `headers` (lines ending in \r\n) adds.
std::string request_text(const std::string& method, const std::string& target, const std::string& headers = "",
                         std::string_view body = "");
Answer ask(int port, const std::string& method, const std::string& target, const std::string& headers = "",
           std::string_view body = "");

}  // namespace agewise::serve
