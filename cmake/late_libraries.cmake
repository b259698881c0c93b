# Libraries that are loaded when one of their functions is first called, not with the program: with them come some forty
# others (HDF5, X11, GnuTLS, ICU, video codecs), for which every command would wait, `predict` a third of its time. The
# target late_NAME takes the place of PkgConfig::NAME. A function that is missing in its list is an error of the linker.
function(agewise_late name file)
  find_library(LATE_${name}_LIBRARY NAMES ${file} REQUIRED)
  set(LATE_NAME ${name})
  set(LATE_FILE ${file})
  list(TRANSFORM ARGN PREPEND "  late ")
  list(JOIN ARGN "\n" LATE_FUNCTIONS)
  configure_file(${CMAKE_SOURCE_DIR}/cmake/late_library.cpp.in late_${name}.cpp @ONLY)
  add_library(late_${name} STATIC ${CMAKE_CURRENT_BINARY_DIR}/late_${name}.cpp)
  target_include_directories(late_${name} SYSTEM INTERFACE ${${name}_INCLUDE_DIRS})
  target_link_libraries(late_${name} PUBLIC agewise_base)
endfunction()

agewise_late(matio libmatio.so.11
  Mat_Close Mat_CreateVer Mat_LogInitFunc Mat_Open Mat_VarCreate Mat_VarCreateStruct Mat_VarFree
  Mat_VarGetStructFieldByName Mat_VarRead Mat_VarSetStructFieldByName Mat_VarWrite)

agewise_late(libheif libheif.so.1
  heif_context_alloc heif_context_free heif_context_get_primary_image_handle
  heif_context_read_from_memory_without_copy heif_context_set_max_decoding_threads heif_decode_image
  heif_decoding_options_alloc heif_decoding_options_free heif_image_get_height
  heif_image_get_plane_readonly heif_image_get_width heif_image_handle_get_height
  heif_image_handle_get_luma_bits_per_pixel heif_image_handle_get_width heif_image_handle_has_alpha_channel
  heif_image_handle_release heif_image_release)

agewise_late(cairo libcairo.so.2
  cairo_arc cairo_clip cairo_close_path cairo_create cairo_curve_to cairo_destroy cairo_fill cairo_get_matrix
  cairo_identity_matrix cairo_image_surface_create cairo_image_surface_get_data cairo_image_surface_get_height
  cairo_image_surface_get_stride cairo_image_surface_get_width cairo_line_to cairo_move_to cairo_new_path
  cairo_new_sub_path cairo_paint cairo_pattern_add_color_stop_rgba cairo_pattern_create_linear
  cairo_pattern_create_radial cairo_pattern_destroy cairo_rectangle cairo_restore cairo_rotate cairo_save
  cairo_scale cairo_select_font_face cairo_set_antialias cairo_set_font_size cairo_set_line_cap cairo_set_line_join
  cairo_set_line_width cairo_set_matrix cairo_set_source cairo_set_source_rgb cairo_set_source_rgba
  cairo_set_tolerance cairo_show_text cairo_status cairo_stroke cairo_stroke_preserve cairo_surface_destroy
  cairo_surface_flush cairo_surface_mark_dirty cairo_text_extents cairo_translate)

agewise_late(libarchive libarchive.so.13
  archive_entry_filetype archive_entry_free archive_entry_new archive_entry_pathname archive_entry_pathname_utf8
  archive_entry_set_filetype archive_entry_set_pathname archive_entry_set_perm archive_entry_set_size
  archive_entry_size archive_entry_size_is_set archive_error_string archive_filter_bytes archive_read_data
  archive_read_free archive_read_header_position archive_read_new archive_read_next_header archive_read_open_fd
  archive_read_open_filename archive_read_open_memory archive_read_support_filter_bzip2
  archive_read_support_filter_gzip archive_read_support_filter_xz archive_read_support_filter_zstd
  archive_read_support_format_tar archive_read_support_format_zip archive_set_error archive_write_close
  archive_write_data archive_write_free archive_write_header archive_write_new archive_write_open
  archive_write_set_format_ustar)

agewise_late(libmicrohttpd libmicrohttpd.so.12
  MHD_add_response_header MHD_create_response_from_buffer_with_free_callback_cls MHD_create_response_from_callback
  MHD_destroy_response MHD_get_connection_info MHD_get_connection_values_n MHD_queue_response MHD_quiesce_daemon
  MHD_resume_connection MHD_start_daemon MHD_stop_daemon MHD_suspend_connection)
