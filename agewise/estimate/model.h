// A trained model as one thing and one file: network, weights, and everything that happens to a picture before them.
// Links neither catalog nor store.
#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agewise/age/classes.h"
#include "agewise/estimate/interval.h"
#include "agewise/nn/graph.h"
#include "agewise/recipe/recipe.h"
#include "agewise/weights/safetensors.h"
#include "agewise/whiten/zca.h"

namespace agewise::estimate {

// A network of an ensemble: fills in the values of one of its parameters, from memory or from the file where they lie
// (of VGG-16 a member is 0.5 GB). Throws as SafetensorsFile::read() does, or std::invalid_argument for a parameter that
// it has not, or of another size.
using Member = std::function<void(const nn::ParameterInfo&, std::span<float> values)>;

// Of all members of an ensemble together: those of a larger one are read when they are needed.
inline constexpr std::size_t kMostParametersHeld = 32'000'000;

struct Model {
  recipe::Recipe recipe;  // as resolved: face, classes, whiten, network and predict.point_estimate are used
  age::Classes classes;   // values: mean training age of each class, where the recipe gives edges
  nn::Graph graph;
  std::vector<float> parameters;        // canonical layout
  std::vector<Member> further_members;  // of an ensemble, after the one above
  std::optional<whiten::Zca> whitening;
  // Where `whitening` is absent though the recipe whitens: the content_hash() of the file whiten.safetensors that lies
  // beside the model's. A run's checkpoints name their transform so, because it is some hundred times their own size.
  std::string whitening_hash;
  std::optional<Intervals> intervals;        // calibrated on pictures that it was not trained on
  bool half = false;                         // the file holds the weights in half precision
  std::map<std::string, std::string> notes;  // what a card says: data, licence, figures, program version
};

// Of an ensemble; 1 for a single network.
inline std::size_t member_count(const Model& model) { return 1 + model.further_members.size(); }

// For estimates that are no longer those that were measured: the intervals go, and the notes "intervals" and
// "measured". Returns how many of these notes there were.
std::size_t forget_what_was_measured(Model& model);

// Whether a class says something beside an age: not where each class is a year.
bool names_classes(const Model& model);

// The network that the recipe spells out, for its pictures and its loss: one input of channels × input_side()², one
// output of a number a class, or of one number for regression; layers that train.frozen names are held still. Throws
// UsageError where it is not so, and as nn/build.h says.
nn::Graph graph_of(const recipe::Recipe& recipe, const age::Classes& classes);

// A member that is in memory; `parameters` in canonical layout.
Member member_in_memory(const nn::Graph& graph, std::vector<float> parameters);
// The network of a model file, taken for good. The file stays open, and its arrays are read each time they are asked
// for: it may be replaced by another of its name (as write_model() does), but not written into.
Member member_in_file(const std::filesystem::path& file);
// All of a member's, in canonical layout.
std::vector<float> parameters_of_member(const nn::Graph& graph, const Member& member);

// The members of an ensemble beside one another, on the same input, an output each: the further ones' layers are named
// as in the file, and their parameters follow one another. Of a single network the network itself.
nn::Graph graph_of_members(const Model& model);

// What a file may hold beside the model: a checkpoint's optimiser. All its names begin with "train.".
struct Attachment {
  std::map<std::string, std::string> texts;
  std::vector<weights::TensorView> tensors;
};

// The weights, of all members, as half precision has them (normalisation's numbers and biases stay as they are): what
// is then calibrated and measured is what the file, half as large, will give. Throws Error if a weight is too large for
// it.
void round_to_half(Model& model);

// One safetensors file with the whole pre-processing in its metadata and tensors, embedded or (whitening_hash) named:
// the parameters under their names, the further members' under "member2." … and their names, the transform's arrays
// (whiten/zca.h), and the texts "agewise_model" (the format's version), "recipe" (TOML), "classes", "notes" and, if it
// has them, "intervals" (JSON). Reading checks everything against the graph that the recipe makes and that all numbers
// are finite, passes over an attachment, and fetches a transform that is only named from beside the file; throws Error
// naming file and array.
void write_model(const std::filesystem::path& file, const Model& model, const Attachment& attachment = {});
// Whether write_model() wrote the file, this one's or another version's.
bool is_of_agewise(const weights::SafetensorsFile& file);
// The parameters alone, of all members, under the file's names. Valid as long as the model.
std::vector<weights::TensorView> parameter_tensors(const Model& model);
// The members after the first are checked too; of a large ensemble they are kept where they are, as by
// member_in_file().
Model read_model(const std::filesystem::path& file);

}  // namespace agewise::estimate
