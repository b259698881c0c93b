# cmake -DOUT=file.cpp -DROOM=room -DNAME=function -DFILES=a;b -P embed.cmake: a C++ source that defines
# std::map<std::string, std::string> agewise::ROOM::NAME_texts, from each file's stem to its text.
file(WRITE ${OUT}.new "// Made by cmake/embed.cmake.\n#include <map>\n#include <string>\n\nnamespace agewise::${ROOM} {\n\nstd::map<std::string, std::string> ${NAME}_texts() {\n  std::map<std::string, std::string> texts;\n")
foreach(file ${FILES})
  get_filename_component(stem ${file} NAME_WLE)
  file(READ ${file} text)
  # A literal may be 64 KiB long: pieces of 8000 characters, added up.
  string(LENGTH "${text}" length)
  set(begin 0)
  while(begin LESS length)
    string(SUBSTRING "${text}" ${begin} 8000 piece)
    file(APPEND ${OUT}.new "  texts[\"${stem}\"] += R\"embedded(${piece})embedded\";\n")
    math(EXPR begin "${begin} + 8000")
  endwhile()
endforeach()
file(APPEND ${OUT}.new "  return texts;\n}\n\n}  // namespace agewise::${ROOM}\n")
file(COPY_FILE ${OUT}.new ${OUT} ONLY_IF_DIFFERENT)
