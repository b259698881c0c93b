// estimate PICTURE: the age of each face in a picture file.
#include <agewise/agewise.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <vector>

int main(int argc, char** argv) try {
  if (argc != 2) return std::fputs("usage: estimate PICTURE\n", stderr), 2;
  std::ifstream file(argv[1], std::ios::binary);
  std::vector<char> bytes(std::istreambuf_iterator<char>(file), {});

  auto estimator = agewise::AgeEstimator::open();
  agewise::Picture picture = estimator.estimate(std::as_bytes(std::span(bytes)));
  for (const agewise::Face& face : picture.faces) {
    if (face.age) std::printf("%.3f\n", *face.age);
    if (!face.age) std::printf("%s\n", face.reason.c_str());
  }
  if (picture.faces.empty()) std::printf("%s\n", picture.reason.c_str());
} catch (const agewise::Error& error) {
  std::fprintf(stderr, "estimate: %s\n", error.what());
  return 1;
}
