// In place of heif.cpp in builds with AGEWISE_HEIF=OFF: libheif's codecs are LGPL (libde265) and GPL (x265), which a
// wheel that carries them along would have to be, too.
#include "agewise/image/formats.h"

namespace agewise::image {

Image decode_heif(Bytes, const DecodeOptions&, PictureInfo&) {
  throw BadPicture("is HEIC or AVIF, which this build of agewise does not support: convert it to JPEG or PNG");
}

}  // namespace agewise::image
