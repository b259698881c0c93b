// agewise._core: agewise.h for the Python of agewise/__init__.py, which makes objects of the tuples that this returns.
#include <agewise/agewise.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "binding.h"

namespace py = pybind11;

namespace {

using agewise::PixelFormat;

// (box, angle, score, replicated, points, age, reason, interval, at_least, spread, male, class, distribution), tuples
// and None.
py::tuple tuple_of(const agewise::Face& face) {
  py::object box = py::none(), points = py::none(), interval = py::none(), at_least = py::none(),
             distribution = py::none();
  if (face.box) box = py::make_tuple(face.box->left, face.box->top, face.box->right, face.box->bottom);
  if (face.points) {
    py::list list;
    for (const agewise::Point& point : *face.points) list.append(py::make_tuple(point.x, point.y));
    points = py::tuple(list);
  }
  if (face.interval) interval = py::make_tuple(face.interval->low, face.interval->high, face.interval->coverage);
  if (face.at_least) at_least = py::make_tuple(face.at_least->years, face.at_least->probability);
  if (!face.distribution.empty()) distribution = py::cast(face.distribution);
  return py::make_tuple(box, face.angle, face.score, face.replicated, points, face.age, face.reason, interval, at_least,
                        face.spread, face.male, face.age_class, distribution);
}

// [(width, height, reason, readable, [face])].
py::list list_of(const std::vector<agewise::Picture>& pictures) {
  py::list list;
  for (const agewise::Picture& picture : pictures) {
    py::list faces;
    for (const agewise::Face& face : picture.faces) faces.append(tuple_of(face));
    list.append(py::make_tuple(picture.width, picture.height, picture.reason, picture.readable, faces));
  }
  return list;
}

// Of a buffer of bytes, height × width or height × width × channels, whose pixels adjoin within a row.
agewise::ImageView view_of(const py::buffer_info& info, bool bgr) {
  bool has_channels = info.ndim == 3;
  if (info.itemsize != 1 || info.format != py::format_descriptor<std::uint8_t>::format())
    throw py::type_error("an image must hold uint8, 0 to 255: this one has the format \"" + info.format + "\"");
  if (info.ndim != 2 && !has_channels)
    throw py::value_error("an image must be height × width or height × width × channels: this one has " +
                          std::to_string(info.ndim) + " dimensions");
  py::ssize_t channels = has_channels ? info.shape[2] : 1;
  if (channels != 1 && channels != 3 && channels != 4)
    throw py::value_error("an image must have 1, 3 or 4 channels, in its last dimension: this one has " +
                          std::to_string(channels));
  constexpr py::ssize_t kMostSide = 1 << 30;
  if (info.shape[0] > kMostSide || info.shape[1] > kMostSide) throw py::value_error("an image is too large");
  if (info.strides[1] != channels || (has_channels && channels > 1 && info.strides[2] != 1))
    throw py::value_error("an image's pixels must be contiguous in each row: use numpy.ascontiguousarray");
  PixelFormat format = channels == 1   ? PixelFormat::grey
                       : channels == 3 ? (bgr ? PixelFormat::bgr : PixelFormat::rgb)
                                       : (bgr ? PixelFormat::bgra : PixelFormat::rgba);
  return {static_cast<const std::uint8_t*>(info.ptr), static_cast<int>(info.shape[1]), static_cast<int>(info.shape[0]),
          info.strides[0], format};
}

class Estimator {
 public:
  explicit Estimator(const agewise::Options& options) : estimator_(agewise::AgeEstimator::open(options)) {}

  py::list files(const std::vector<py::buffer>& files) const {
    std::vector<py::buffer_info> infos;
    std::vector<std::span<const std::byte>> views;
    for (const py::buffer& file : files) {
      infos.push_back(file.request());
      const py::buffer_info& info = infos.back();
      if (info.ndim != 1 || info.strides[0] != info.itemsize)
        throw py::type_error("a file must be one-dimensional contiguous bytes");
      views.emplace_back(static_cast<const std::byte*>(info.ptr), static_cast<std::size_t>(info.size * info.itemsize));
    }
    return answered(views);
  }

  py::list images(const std::vector<py::buffer>& images, bool bgr) const {
    std::vector<py::buffer_info> infos;
    std::vector<agewise::ImageView> views;
    for (const py::buffer& image : images) {
      infos.push_back(image.request());
      views.push_back(view_of(infos.back(), bgr));
    }
    return answered(views);
  }

  const agewise::AgeEstimator& get() const { return estimator_; }

 private:
  // One as `predict` computes one, several as it computes several.
  template <class View>
  py::list answered(const std::vector<View>& views) const {
    std::vector<agewise::Picture> pictures;
    {
      py::gil_scoped_release others_run;
      pictures = estimator_.estimate_all(std::span<const View>(views));
    }
    return list_of(pictures);
  }

  agewise::AgeEstimator estimator_;
};

}  // namespace

PYBIND11_MODULE(_core, module) {
  static PyObject* const error = py::exception<agewise::Error>(module, "Error", PyExc_RuntimeError).release().ptr();
  py::register_exception_translator([](std::exception_ptr problem) {
    try {
      std::rethrow_exception(problem);
    } catch (const agewise::Error& one) {
      PyErr_SetObject(error, text_of(one.what()).ptr());
    }
  });
  module.attr("version") = agewise::version();
  add_training(module);
  py::class_<Estimator>(module, "Estimator")
      .def(
          py::init([](const std::string& model, int threads, bool ready_crops, bool detect, const std::string& detector,
                      bool small_faces, bool distribution, int at_least, bool standard_kernels) {
            agewise::Options options{
                .model = model,
                .threads = threads,
                .ready_crops = ready_crops,
                .detect = detect,
                .detector = detector,
                .small_faces = small_faces,
                .distribution = distribution,
                .at_least = at_least,
                .kernels = standard_kernels ? agewise::Kernels::standard : agewise::Kernels::fastest};
            py::gil_scoped_release others_run;
            return std::make_unique<Estimator>(options);
          }),
          py::kw_only(), py::arg("model"), py::arg("threads"), py::arg("ready_crops"), py::arg("detect"),
          py::arg("detector"), py::arg("small_faces"), py::arg("distribution"), py::arg("at_least"),
          py::arg("standard_kernels"))
      .def("files", &Estimator::files)
      .def("images", &Estimator::images)
      .def_property_readonly("model_file", [](const Estimator& self) { return text_of(self.get().model_file()); })
      .def_property_readonly("warning", [](const Estimator& self) { return text_of(self.get().warning()); })
      .def_property_readonly("notes", [](const Estimator& self) { return self.get().notes(); })
      .def_property_readonly("classes", [](const Estimator& self) {
        std::vector<std::pair<std::string, double>> classes;
        for (const agewise::AgeClass& one : self.get().classes()) classes.emplace_back(one.name, one.years);
        return classes;
      });
}
