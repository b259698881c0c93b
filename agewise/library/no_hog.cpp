// In the shared library in place of face/hog.cpp: Debian's libdlib.a is not position-independent code, and its
// libdlib.so would load a second BLAS, with threads of its own, into the host.
#include "agewise/base/error.h"
#include "agewise/face/upright_detector.h"

namespace agewise::face {

std::unique_ptr<UprightDetector> make_hog_detector() {
  throw base::UsageError("detector \"hog\" is not part of the shared library: use \"yunet\", which is the default");
}

}  // namespace agewise::face
