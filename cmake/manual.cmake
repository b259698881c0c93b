# Manual pages and completions, written by the program from what its --help prints, and installed with it.
string(TIMESTAMP date "%Y-%m-%d" UTC)  # of SOURCE_DATE_EPOCH, where that is set
set(manual ${PROJECT_BINARY_DIR}/manual)
add_custom_command(TARGET agewise POST_BUILD
  COMMAND ${CMAKE_COMMAND} -E rm -rf ${manual}
  COMMAND agewise manual ${manual} --date ${date}
  COMMAND gzip -9n ${manual}/*.1)
install(DIRECTORY ${manual}/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT program FILES_MATCHING PATTERN *.1.gz)
install(FILES ${manual}/agewise.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME agewise COMPONENT program)
install(FILES ${manual}/agewise.zsh DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions RENAME _agewise COMPONENT zsh)
install(FILES ${manual}/agewise.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT program)
