#include "agewise/serve/listen.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agewise/base/error.h"

namespace agewise::serve {
namespace {

std::string problem_of(int socket) {
  try {
    (void)address_of(socket);
    return "";
  } catch (const base::UsageError& problem) {
    return problem.what();
  }
}

TEST(Listen, takes_a_passed_socket_that_listens_on_a_port) {
  Listener own = listen_on("127.0.0.1", 0);
  EXPECT_EQ(address_of(own.socket), "127.0.0.1");
  Listener passed = listener_of(own.socket);
  EXPECT_EQ(passed.port, own.port);
  EXPECT_NE(passed.socket, own.socket);
  ::close(passed.socket);
  ::close(own.socket);
}

TEST(Listen, refuses_a_passed_socket_of_another_kind_by_what_it_lacks) {
  int local = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un unnamed{};
  unnamed.sun_family = AF_UNIX;  // with no path the kernel chooses an abstract name: unix(7), "autobind"
  ASSERT_EQ(::bind(local, reinterpret_cast<sockaddr*>(&unnamed), sizeof unnamed.sun_family), 0);
  ASSERT_EQ(::listen(local, 1), 0);
  int deaf = ::socket(AF_INET, SOCK_STREAM, 0);
  for (int socket : {local, deaf}) {
    EXPECT_NE(problem_of(socket).find("does not listen on a TCP port"), std::string::npos) << problem_of(socket);
    EXPECT_THROW(listener_of(socket), base::UsageError);
    ::close(socket);
  }
}

}  // namespace
}  // namespace agewise::serve
