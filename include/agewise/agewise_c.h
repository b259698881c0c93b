/* agewise as a C library, for C and for languages that call C; agewise.h explains the values.
 *
 *   agewise_estimator* estimator = agewise_open(NULL);
 *   agewise_pictures* answer = agewise_estimate_file(estimator, bytes, size);
 *   for (size_t i = 0; answer != NULL && i < agewise_face_count(answer, 0); ++i)
 *     printf("%.1f\n", agewise_face_at(answer, 0, i)->age);
 *
 * A function that returns a pointer to a new object returns NULL if it fails; agewise_error() then says why.
 * Strings are UTF-8. Later versions may append members to the structs that are returned. */
#ifndef AGEWISE_C_H
#define AGEWISE_C_H
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define AGEWISE_C_API __attribute__((visibility("default")))
#else
#define AGEWISE_C_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef struct agewise_options agewise_options;
typedef struct agewise_estimator agewise_estimator;
typedef struct agewise_pictures agewise_pictures;

/* "0.1.0". */
AGEWISE_C_API const char* agewise_version(void);

/* Why the last failed call of this thread failed: one line. Valid until the next failed call of this thread. */
AGEWISE_C_API const char* agewise_error(void);

/* The defaults: change them, pass them to agewise_open() and free them. Strings are copied; switches are 0 or 1. */
AGEWISE_C_API agewise_options* agewise_options_new(void);
AGEWISE_C_API void agewise_options_free(agewise_options* options);
/* A model file, a run, "compact" (the default, for research only) or "permissive". */
AGEWISE_C_API void agewise_set_model(agewise_options* options, const char* model);
AGEWISE_C_API void agewise_set_detector(agewise_options* options, const char* name_or_file);
AGEWISE_C_API void agewise_set_threads(agewise_options* options, int threads);
AGEWISE_C_API void agewise_set_ready_crops(agewise_options* options, int on);
AGEWISE_C_API void agewise_set_detect(agewise_options* options, int on);
AGEWISE_C_API void agewise_set_small_faces(agewise_options* options, int on);
AGEWISE_C_API void agewise_set_distribution(agewise_options* options, int on);
AGEWISE_C_API void agewise_set_at_least(agewise_options* options, int years); /* 0: do not tell */
AGEWISE_C_API void agewise_set_standard_kernels(agewise_options* options, int on);

/* NULL: the default options. Any number of threads may use an estimator at once; close it when none uses it. */
AGEWISE_C_API agewise_estimator* agewise_open(const agewise_options* options);
AGEWISE_C_API void agewise_close(agewise_estimator* estimator);

typedef enum agewise_format {
  AGEWISE_GREY = 0,
  AGEWISE_RGB = 1,
  AGEWISE_BGR = 2,
  AGEWISE_RGBA = 3,
  AGEWISE_BGRA = 4
} agewise_format;

typedef struct agewise_file {
  const void* data;
  size_t size; /* bytes */
} agewise_file;

typedef struct agewise_image {
  const uint8_t* data;
  int width, height;
  ptrdiff_t stride; /* bytes from one row to the next; 0: rows without gaps */
  int format;       /* agewise_format */
} agewise_image;

/* For one picture, or for several: one result each, in the same order. */
AGEWISE_C_API agewise_pictures* agewise_estimate_file(const agewise_estimator* estimator, const void* data,
                                                      size_t size);
AGEWISE_C_API agewise_pictures* agewise_estimate_image(const agewise_estimator* estimator, const agewise_image* image);
AGEWISE_C_API agewise_pictures* agewise_estimate_files(const agewise_estimator* estimator, const agewise_file* files,
                                                       size_t count);
AGEWISE_C_API agewise_pictures* agewise_estimate_images(const agewise_estimator* estimator, const agewise_image* images,
                                                        size_t count);
AGEWISE_C_API void agewise_pictures_free(agewise_pictures* pictures);

typedef struct agewise_point {
  double x, y;
} agewise_point;

/* A number without a value is NAN, a string without a value is "". */
typedef struct agewise_face {
  double left, top, right, bottom; /* NAN: the whole picture was taken as a face */
  double angle, score, replicated;
  agewise_point points[5];
  double age;
  double low, high, coverage; /* the interval */
  double spread, male;
  const char* age_class;
  const char* reason;         /* why there is no age */
  const double* distribution; /* one probability per class, or NULL */
  size_t classes;             /* length of distribution */
  double at_least;            /* the probability of being agewise_set_at_least()'s years old or older; also
                                 where the interval is too wide to tell an age */
} agewise_face;

/* All returned pointers are valid as long as `pictures`. For a picture or face that does not exist: 0, NULL or "". */
AGEWISE_C_API size_t agewise_picture_count(const agewise_pictures* pictures);
AGEWISE_C_API size_t agewise_face_count(const agewise_pictures* pictures, size_t picture);
AGEWISE_C_API const agewise_face* agewise_face_at(const agewise_pictures* pictures, size_t picture, size_t face);
AGEWISE_C_API const char* agewise_reason(const agewise_pictures* pictures, size_t picture); /* why it has no faces */
AGEWISE_C_API int agewise_is_readable(const agewise_pictures* pictures, size_t picture);
AGEWISE_C_API int agewise_width(const agewise_pictures* pictures, size_t picture); /* of the upright picture */
AGEWISE_C_API int agewise_height(const agewise_pictures* pictures, size_t picture);

#ifdef __cplusplus
}
#endif
#endif
