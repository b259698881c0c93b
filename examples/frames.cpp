// frames WIDTH HEIGHT < FRAMES: ages in a stream of raw BGR frames, as cameras and video decoders give them:
//   ffmpeg -i video.mp4 -f rawvideo -pix_fmt bgr24 - | frames 1280 720
#include <agewise/agewise.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

int main(int argc, char** argv) try {
  int width = argc == 3 ? std::atoi(argv[1]) : 0, height = argc == 3 ? std::atoi(argv[2]) : 0;
  if (width < 1 || height < 1) return std::fputs("usage: frames WIDTH HEIGHT < FRAMES\n", stderr), 2;
  auto estimator = agewise::AgeEstimator::open();  // once: it keeps its threads and kernels from frame to frame
  std::vector<unsigned char> pixels(std::size_t{3} * width * height);
  for (int frame = 0; std::fread(pixels.data(), 1, pixels.size(), stdin) == pixels.size(); ++frame) {
    agewise::ImageView view{pixels.data(), width, height, 0, agewise::PixelFormat::bgr};
    for (const agewise::Face& face : estimator.estimate(view).faces) {
      if (!face.age) continue;
      std::printf("frame %d: %.0f years at %.0f,%.0f\n", frame, *face.age, face.box->left, face.box->top);
    }
  }
} catch (const agewise::Error& error) {
  std::fprintf(stderr, "frames: %s\n", error.what());
  return 1;
}
