/* estimate_c PICTURE: the age of each face in a picture file. */
#include <agewise/agewise_c.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static int fail(const char* why) {
  fprintf(stderr, "estimate_c: %s\n", why);
  return 1;
}

int main(int argc, char** argv) {
  FILE* file = argc == 2 ? fopen(argv[1], "rb") : NULL;
  if (file == NULL) return fail("usage: estimate_c PICTURE");
  fseek(file, 0, SEEK_END);
  size_t size = (size_t)ftell(file);
  rewind(file);
  char* bytes = malloc(size + 1);
  if (bytes == NULL || fread(bytes, 1, size, file) != size) return fail("cannot read the picture");
  fclose(file);

  agewise_estimator* estimator = agewise_open(NULL);
  if (estimator == NULL) return fail(agewise_error());
  agewise_pictures* answer = agewise_estimate_file(estimator, bytes, size);
  if (answer == NULL) return fail(agewise_error());
  for (size_t i = 0; i < agewise_face_count(answer, 0); ++i) {
    const agewise_face* face = agewise_face_at(answer, 0, i);
    if (isnan(face->age)) printf("%s\n", face->reason);
    if (!isnan(face->age)) printf("%.3f\n", face->age);
  }
  if (agewise_face_count(answer, 0) == 0) printf("%s\n", agewise_reason(answer, 0));
  agewise_pictures_free(answer);
  agewise_close(estimator);
  free(bytes);
  return 0;
}
