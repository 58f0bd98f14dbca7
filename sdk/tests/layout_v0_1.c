/* The layout of ABI 0.1 on 64-bit machines. Written by sdk/abi/make_layout.py when the version was made;
 * never edited. It does not compile when an offset, a size, a value or a signature moved. */
#define PINION_ABI_TARGET 0x0001
#include <pinion/services.h>

/* clang-format off */
#define SAME(name, value, expected) typedef char name[(value) == (expected) ? 1 : -1]

SAME(same_0, PINION_OK, 0);
SAME(same_1, PINION_E_INVALID, -1);
SAME(same_2, PINION_E_NOT_FOUND, -2);
SAME(same_3, PINION_E_DENIED, -3);
SAME(same_4, PINION_E_BUSY, -4);
SAME(same_5, PINION_E_TIMEOUT, -5);
SAME(same_6, PINION_E_CANCELLED, -6);
SAME(same_7, PINION_E_IO, -7);
SAME(same_8, PINION_E_UNSUPPORTED, -8);
SAME(same_9, PINION_E_STOPPING, -9);
SAME(same_10, PINION_E_INTERNAL, -10);
SAME(same_11, PINION_E_FULL, -11);
SAME(same_12, PINION_EVENT_RAW, 1);
SAME(same_13, PINION_POLICY_ALL, 0);
SAME(same_14, PINION_POLICY_LATEST, 1);
SAME(same_15, PINION_POLICY_DROP_OLDEST, 2);
SAME(same_16, PINION_EVENT_GAP, 2);
SAME(same_17, offsetof(struct pinion_span, data), 0);
SAME(same_18, sizeof(((struct pinion_span *)0)->data), 8);
SAME(same_19, offsetof(struct pinion_span, size), 8);
SAME(same_20, sizeof(((struct pinion_span *)0)->size), 8);
SAME(same_21, sizeof(struct pinion_span), 16);
SAME(same_22, offsetof(struct pinion_sink, ctx), 0);
SAME(same_23, sizeof(((struct pinion_sink *)0)->ctx), 8);
SAME(same_24, offsetof(struct pinion_sink, write), 8);
SAME(same_25, sizeof(((struct pinion_sink *)0)->write), 8);
SAME(same_26, sizeof(struct pinion_sink), 16);
SAME(same_27, offsetof(struct pinion_error, size), 0);
SAME(same_28, sizeof(((struct pinion_error *)0)->size), 4);
SAME(same_29, offsetof(struct pinion_error, code), 4);
SAME(same_30, sizeof(((struct pinion_error *)0)->code), 4);
SAME(same_31, offsetof(struct pinion_error, detail), 8);
SAME(same_32, sizeof(((struct pinion_error *)0)->detail), 4);
SAME(same_33, offsetof(struct pinion_error, message), 12);
SAME(same_34, sizeof(((struct pinion_error *)0)->message), 500);
SAME(same_35, sizeof(struct pinion_error), 512);
SAME(same_36, offsetof(struct pinion_event, size), 0);
SAME(same_37, sizeof(((struct pinion_event *)0)->size), 4);
SAME(same_38, offsetof(struct pinion_event, flags), 4);
SAME(same_39, sizeof(((struct pinion_event *)0)->flags), 4);
SAME(same_40, offsetof(struct pinion_event, seq), 8);
SAME(same_41, sizeof(((struct pinion_event *)0)->seq), 8);
SAME(same_42, offsetof(struct pinion_event, time_ms), 16);
SAME(same_43, sizeof(((struct pinion_event *)0)->time_ms), 8);
SAME(same_44, offsetof(struct pinion_event, topic), 24);
SAME(same_45, sizeof(((struct pinion_event *)0)->topic), 8);
SAME(same_46, offsetof(struct pinion_event, server), 32);
SAME(same_47, sizeof(((struct pinion_event *)0)->server), 8);
SAME(same_48, offsetof(struct pinion_event, source), 40);
SAME(same_49, sizeof(((struct pinion_event *)0)->source), 8);
SAME(same_50, offsetof(struct pinion_event, payload), 48);
SAME(same_51, sizeof(((struct pinion_event *)0)->payload), 16);
SAME(same_52, sizeof(struct pinion_event), 64);
SAME(same_53, offsetof(struct pinion_bus_v1, size), 0);
SAME(same_54, sizeof(((struct pinion_bus_v1 *)0)->size), 4);
SAME(same_55, offsetof(struct pinion_bus_v1, reserved), 4);
SAME(same_56, sizeof(((struct pinion_bus_v1 *)0)->reserved), 4);
SAME(same_57, offsetof(struct pinion_bus_v1, publish), 8);
SAME(same_58, sizeof(((struct pinion_bus_v1 *)0)->publish), 8);
SAME(same_59, offsetof(struct pinion_bus_v1, subscribe), 16);
SAME(same_60, sizeof(((struct pinion_bus_v1 *)0)->subscribe), 8);
SAME(same_61, offsetof(struct pinion_bus_v1, offer), 24);
SAME(same_62, sizeof(((struct pinion_bus_v1 *)0)->offer), 8);
SAME(same_63, offsetof(struct pinion_bus_v1, call), 32);
SAME(same_64, sizeof(((struct pinion_bus_v1 *)0)->call), 8);
SAME(same_65, offsetof(struct pinion_bus_v1, list), 40);
SAME(same_66, sizeof(((struct pinion_bus_v1 *)0)->list), 8);
SAME(same_67, offsetof(struct pinion_bus_v1, cancel), 48);
SAME(same_68, sizeof(((struct pinion_bus_v1 *)0)->cancel), 8);
SAME(same_69, sizeof(struct pinion_bus_v1), 56);
SAME(same_70, offsetof(struct pinion_reply_v1, size), 0);
SAME(same_71, sizeof(((struct pinion_reply_v1 *)0)->size), 4);
SAME(same_72, offsetof(struct pinion_reply_v1, reserved), 4);
SAME(same_73, sizeof(((struct pinion_reply_v1 *)0)->reserved), 4);
SAME(same_74, offsetof(struct pinion_reply_v1, answer), 8);
SAME(same_75, sizeof(((struct pinion_reply_v1 *)0)->answer), 8);
SAME(same_76, offsetof(struct pinion_reply_v1, keep), 16);
SAME(same_77, sizeof(((struct pinion_reply_v1 *)0)->keep), 8);
SAME(same_78, offsetof(struct pinion_reply_v1, cancelled), 24);
SAME(same_79, sizeof(((struct pinion_reply_v1 *)0)->cancelled), 8);
SAME(same_80, sizeof(struct pinion_reply_v1), 32);
SAME(same_81, offsetof(struct pinion_host, size), 0);
SAME(same_82, sizeof(((struct pinion_host *)0)->size), 4);
SAME(same_83, offsetof(struct pinion_host, abi_major), 4);
SAME(same_84, sizeof(((struct pinion_host *)0)->abi_major), 2);
SAME(same_85, offsetof(struct pinion_host, abi_minor), 6);
SAME(same_86, sizeof(((struct pinion_host *)0)->abi_minor), 2);
SAME(same_87, offsetof(struct pinion_host, impl), 8);
SAME(same_88, sizeof(((struct pinion_host *)0)->impl), 8);
SAME(same_89, offsetof(struct pinion_host, version), 16);
SAME(same_90, sizeof(((struct pinion_host *)0)->version), 8);
SAME(same_91, offsetof(struct pinion_host, service), 24);
SAME(same_92, sizeof(((struct pinion_host *)0)->service), 8);
SAME(same_93, sizeof(struct pinion_host), 32);
SAME(same_94, offsetof(struct pinion_plugin_v1, size), 0);
SAME(same_95, sizeof(((struct pinion_plugin_v1 *)0)->size), 4);
SAME(same_96, offsetof(struct pinion_plugin_v1, reserved), 4);
SAME(same_97, sizeof(((struct pinion_plugin_v1 *)0)->reserved), 4);
SAME(same_98, offsetof(struct pinion_plugin_v1, self), 8);
SAME(same_99, sizeof(((struct pinion_plugin_v1 *)0)->self), 8);
SAME(same_100, offsetof(struct pinion_plugin_v1, start), 16);
SAME(same_101, sizeof(((struct pinion_plugin_v1 *)0)->start), 8);
SAME(same_102, offsetof(struct pinion_plugin_v1, stop), 24);
SAME(same_103, sizeof(((struct pinion_plugin_v1 *)0)->stop), 8);
SAME(same_104, offsetof(struct pinion_plugin_v1, destroy), 32);
SAME(same_105, sizeof(((struct pinion_plugin_v1 *)0)->destroy), 8);
SAME(same_106, sizeof(struct pinion_plugin_v1), 40);
SAME(same_107, offsetof(struct pinion_entry_v1, size), 0);
SAME(same_108, sizeof(((struct pinion_entry_v1 *)0)->size), 4);
SAME(same_109, offsetof(struct pinion_entry_v1, abi_major), 4);
SAME(same_110, sizeof(((struct pinion_entry_v1 *)0)->abi_major), 2);
SAME(same_111, offsetof(struct pinion_entry_v1, abi_minor), 6);
SAME(same_112, sizeof(((struct pinion_entry_v1 *)0)->abi_minor), 2);
SAME(same_113, offsetof(struct pinion_entry_v1, id), 8);
SAME(same_114, sizeof(((struct pinion_entry_v1 *)0)->id), 8);
SAME(same_115, offsetof(struct pinion_entry_v1, version), 16);
SAME(same_116, sizeof(((struct pinion_entry_v1 *)0)->version), 8);
SAME(same_117, offsetof(struct pinion_entry_v1, summary), 24);
SAME(same_118, sizeof(((struct pinion_entry_v1 *)0)->summary), 8);
SAME(same_119, offsetof(struct pinion_entry_v1, needs), 32);
SAME(same_120, sizeof(((struct pinion_entry_v1 *)0)->needs), 8);
SAME(same_121, offsetof(struct pinion_entry_v1, create), 40);
SAME(same_122, sizeof(((struct pinion_entry_v1 *)0)->create), 8);
SAME(same_123, sizeof(struct pinion_entry_v1), 48);
SAME(same_124, PINION_LOG_DEBUG, 0);
SAME(same_125, PINION_LOG_INFO, 1);
SAME(same_126, PINION_LOG_WARN, 2);
SAME(same_127, PINION_LOG_ERROR, 3);
SAME(same_128, PINION_ROUTE_STREAM_BODY, 1);
SAME(same_129, PINION_ROUTE_LANE, 2);
SAME(same_130, PINION_ROUTE_LONG, 4);
SAME(same_131, PINION_FRAME_TEXT, 1);
SAME(same_132, PINION_FRAME_BINARY, 2);
SAME(same_133, PINION_FRAME_CLOSED, 8);
SAME(same_134, PINION_FRAME_DROPPED, 256);
SAME(same_135, PINION_BROADCAST_DROPPABLE, 1);
SAME(same_136, PINION_OPEN_READ, 0);
SAME(same_137, PINION_OPEN_WRITE, 1);
SAME(same_138, PINION_OPEN_CREATE, 2);
SAME(same_139, PINION_OPEN_TRUNCATE, 4);
SAME(same_140, PINION_OPEN_EXCLUSIVE, 8);
SAME(same_141, PINION_OPEN_DIRECTORY, 16);
SAME(same_142, PINION_OPEN_UNNAMED, 64);
SAME(same_143, PINION_FILES_OWNER, 32);
SAME(same_144, PINION_FILE_REGULAR, 1);
SAME(same_145, PINION_FILE_DIRECTORY, 2);
SAME(same_146, PINION_FILE_LINK, 3);
SAME(same_147, PINION_FILE_PIPE, 4);
SAME(same_148, PINION_FILE_SOCKET, 5);
SAME(same_149, PINION_FILE_DEVICE, 6);
SAME(same_150, PINION_FILE_CHARACTER, 7);
SAME(same_151, offsetof(struct pinion_log_v1, size), 0);
SAME(same_152, sizeof(((struct pinion_log_v1 *)0)->size), 4);
SAME(same_153, offsetof(struct pinion_log_v1, reserved), 4);
SAME(same_154, sizeof(((struct pinion_log_v1 *)0)->reserved), 4);
SAME(same_155, offsetof(struct pinion_log_v1, enabled), 8);
SAME(same_156, sizeof(((struct pinion_log_v1 *)0)->enabled), 8);
SAME(same_157, offsetof(struct pinion_log_v1, write), 16);
SAME(same_158, sizeof(((struct pinion_log_v1 *)0)->write), 8);
SAME(same_159, sizeof(struct pinion_log_v1), 24);
SAME(same_160, offsetof(struct pinion_config_v1, size), 0);
SAME(same_161, sizeof(((struct pinion_config_v1 *)0)->size), 4);
SAME(same_162, offsetof(struct pinion_config_v1, reserved), 4);
SAME(same_163, sizeof(((struct pinion_config_v1 *)0)->reserved), 4);
SAME(same_164, offsetof(struct pinion_config_v1, read), 8);
SAME(same_165, sizeof(((struct pinion_config_v1 *)0)->read), 8);
SAME(same_166, offsetof(struct pinion_config_v1, node), 16);
SAME(same_167, sizeof(((struct pinion_config_v1 *)0)->node), 8);
SAME(same_168, sizeof(struct pinion_config_v1), 24);
SAME(same_169, offsetof(struct pinion_timers_v1, size), 0);
SAME(same_170, sizeof(((struct pinion_timers_v1 *)0)->size), 4);
SAME(same_171, offsetof(struct pinion_timers_v1, reserved), 4);
SAME(same_172, sizeof(((struct pinion_timers_v1 *)0)->reserved), 4);
SAME(same_173, offsetof(struct pinion_timers_v1, after), 8);
SAME(same_174, sizeof(((struct pinion_timers_v1 *)0)->after), 8);
SAME(same_175, sizeof(struct pinion_timers_v1), 16);
SAME(same_176, offsetof(struct pinion_tasks_v1, size), 0);
SAME(same_177, sizeof(((struct pinion_tasks_v1 *)0)->size), 4);
SAME(same_178, offsetof(struct pinion_tasks_v1, reserved), 4);
SAME(same_179, sizeof(((struct pinion_tasks_v1 *)0)->reserved), 4);
SAME(same_180, offsetof(struct pinion_tasks_v1, run), 8);
SAME(same_181, sizeof(((struct pinion_tasks_v1 *)0)->run), 8);
SAME(same_182, offsetof(struct pinion_tasks_v1, run_long), 16);
SAME(same_183, sizeof(((struct pinion_tasks_v1 *)0)->run_long), 8);
SAME(same_184, sizeof(struct pinion_tasks_v1), 24);
SAME(same_185, offsetof(struct pinion_route, size), 0);
SAME(same_186, sizeof(((struct pinion_route *)0)->size), 4);
SAME(same_187, offsetof(struct pinion_route, flags), 4);
SAME(same_188, sizeof(((struct pinion_route *)0)->flags), 4);
SAME(same_189, offsetof(struct pinion_route, method), 8);
SAME(same_190, sizeof(((struct pinion_route *)0)->method), 8);
SAME(same_191, offsetof(struct pinion_route, path), 16);
SAME(same_192, sizeof(((struct pinion_route *)0)->path), 8);
SAME(same_193, offsetof(struct pinion_route, auth), 24);
SAME(same_194, sizeof(((struct pinion_route *)0)->auth), 8);
SAME(same_195, sizeof(struct pinion_route), 32);
SAME(same_196, offsetof(struct pinion_socket_options, size), 0);
SAME(same_197, sizeof(((struct pinion_socket_options *)0)->size), 4);
SAME(same_198, offsetof(struct pinion_socket_options, flags), 4);
SAME(same_199, sizeof(((struct pinion_socket_options *)0)->flags), 4);
SAME(same_200, offsetof(struct pinion_socket_options, max_wire_bytes), 8);
SAME(same_201, sizeof(((struct pinion_socket_options *)0)->max_wire_bytes), 4);
SAME(same_202, offsetof(struct pinion_socket_options, max_message_bytes), 12);
SAME(same_203, sizeof(((struct pinion_socket_options *)0)->max_message_bytes), 4);
SAME(same_204, offsetof(struct pinion_socket_options, queue_bytes), 16);
SAME(same_205, sizeof(((struct pinion_socket_options *)0)->queue_bytes), 4);
SAME(same_206, offsetof(struct pinion_socket_options, write_timeout_ms), 20);
SAME(same_207, sizeof(((struct pinion_socket_options *)0)->write_timeout_ms), 4);
SAME(same_208, sizeof(struct pinion_socket_options), 24);
SAME(same_209, offsetof(struct pinion_routes_v1, size), 0);
SAME(same_210, sizeof(((struct pinion_routes_v1 *)0)->size), 4);
SAME(same_211, offsetof(struct pinion_routes_v1, reserved), 4);
SAME(same_212, sizeof(((struct pinion_routes_v1 *)0)->reserved), 4);
SAME(same_213, offsetof(struct pinion_routes_v1, add), 8);
SAME(same_214, sizeof(((struct pinion_routes_v1 *)0)->add), 8);
SAME(same_215, offsetof(struct pinion_routes_v1, field), 16);
SAME(same_216, sizeof(((struct pinion_routes_v1 *)0)->field), 8);
SAME(same_217, offsetof(struct pinion_routes_v1, read_body), 24);
SAME(same_218, sizeof(((struct pinion_routes_v1 *)0)->read_body), 8);
SAME(same_219, offsetof(struct pinion_routes_v1, head), 32);
SAME(same_220, sizeof(((struct pinion_routes_v1 *)0)->head), 8);
SAME(same_221, offsetof(struct pinion_routes_v1, send), 40);
SAME(same_222, sizeof(((struct pinion_routes_v1 *)0)->send), 8);
SAME(same_223, offsetof(struct pinion_routes_v1, send_file), 48);
SAME(same_224, sizeof(((struct pinion_routes_v1 *)0)->send_file), 8);
SAME(same_225, offsetof(struct pinion_routes_v1, accept), 56);
SAME(same_226, sizeof(((struct pinion_routes_v1 *)0)->accept), 8);
SAME(same_227, offsetof(struct pinion_routes_v1, frame), 64);
SAME(same_228, sizeof(((struct pinion_routes_v1 *)0)->frame), 8);
SAME(same_229, offsetof(struct pinion_routes_v1, broadcast), 72);
SAME(same_230, sizeof(((struct pinion_routes_v1 *)0)->broadcast), 8);
SAME(same_231, offsetof(struct pinion_routes_v1, close), 80);
SAME(same_232, sizeof(((struct pinion_routes_v1 *)0)->close), 8);
SAME(same_233, sizeof(struct pinion_routes_v1), 88);
SAME(same_234, offsetof(struct pinion_servers_v1, size), 0);
SAME(same_235, sizeof(((struct pinion_servers_v1 *)0)->size), 4);
SAME(same_236, offsetof(struct pinion_servers_v1, reserved), 4);
SAME(same_237, sizeof(((struct pinion_servers_v1 *)0)->reserved), 4);
SAME(same_238, offsetof(struct pinion_servers_v1, list), 8);
SAME(same_239, sizeof(((struct pinion_servers_v1 *)0)->list), 8);
SAME(same_240, offsetof(struct pinion_servers_v1, read), 16);
SAME(same_241, sizeof(((struct pinion_servers_v1 *)0)->read), 8);
SAME(same_242, offsetof(struct pinion_servers_v1, hold), 24);
SAME(same_243, sizeof(((struct pinion_servers_v1 *)0)->hold), 8);
SAME(same_244, offsetof(struct pinion_servers_v1, set_state), 32);
SAME(same_245, sizeof(((struct pinion_servers_v1 *)0)->set_state), 8);
SAME(same_246, sizeof(struct pinion_servers_v1), 40);
SAME(same_247, offsetof(struct pinion_file_info, size), 0);
SAME(same_248, sizeof(((struct pinion_file_info *)0)->size), 4);
SAME(same_249, offsetof(struct pinion_file_info, type), 4);
SAME(same_250, sizeof(((struct pinion_file_info *)0)->type), 4);
SAME(same_251, offsetof(struct pinion_file_info, mode), 8);
SAME(same_252, sizeof(((struct pinion_file_info *)0)->mode), 4);
SAME(same_253, offsetof(struct pinion_file_info, links), 12);
SAME(same_254, sizeof(((struct pinion_file_info *)0)->links), 4);
SAME(same_255, offsetof(struct pinion_file_info, uid), 16);
SAME(same_256, sizeof(((struct pinion_file_info *)0)->uid), 4);
SAME(same_257, offsetof(struct pinion_file_info, gid), 20);
SAME(same_258, sizeof(((struct pinion_file_info *)0)->gid), 4);
SAME(same_259, offsetof(struct pinion_file_info, bytes), 24);
SAME(same_260, sizeof(((struct pinion_file_info *)0)->bytes), 8);
SAME(same_261, offsetof(struct pinion_file_info, modified_s), 32);
SAME(same_262, sizeof(((struct pinion_file_info *)0)->modified_s), 8);
SAME(same_263, offsetof(struct pinion_file_info, changed_s), 40);
SAME(same_264, sizeof(((struct pinion_file_info *)0)->changed_s), 8);
SAME(same_265, offsetof(struct pinion_file_info, modified_ns), 48);
SAME(same_266, sizeof(((struct pinion_file_info *)0)->modified_ns), 4);
SAME(same_267, offsetof(struct pinion_file_info, changed_ns), 52);
SAME(same_268, sizeof(((struct pinion_file_info *)0)->changed_ns), 4);
SAME(same_269, offsetof(struct pinion_file_info, device), 56);
SAME(same_270, sizeof(((struct pinion_file_info *)0)->device), 8);
SAME(same_271, offsetof(struct pinion_file_info, inode), 64);
SAME(same_272, sizeof(((struct pinion_file_info *)0)->inode), 8);
SAME(same_273, offsetof(struct pinion_file_info, name), 72);
SAME(same_274, sizeof(((struct pinion_file_info *)0)->name), 8);
SAME(same_275, sizeof(struct pinion_file_info), 80);
SAME(same_276, offsetof(struct pinion_files_v1, size), 0);
SAME(same_277, sizeof(((struct pinion_files_v1 *)0)->size), 4);
SAME(same_278, offsetof(struct pinion_files_v1, reserved), 4);
SAME(same_279, sizeof(((struct pinion_files_v1 *)0)->reserved), 4);
SAME(same_280, offsetof(struct pinion_files_v1, open), 8);
SAME(same_281, sizeof(((struct pinion_files_v1 *)0)->open), 8);
SAME(same_282, offsetof(struct pinion_files_v1, open_in), 16);
SAME(same_283, sizeof(((struct pinion_files_v1 *)0)->open_in), 8);
SAME(same_284, offsetof(struct pinion_files_v1, stat), 24);
SAME(same_285, sizeof(((struct pinion_files_v1 *)0)->stat), 8);
SAME(same_286, offsetof(struct pinion_files_v1, entries), 32);
SAME(same_287, sizeof(((struct pinion_files_v1 *)0)->entries), 8);
SAME(same_288, offsetof(struct pinion_files_v1, make_folder), 40);
SAME(same_289, sizeof(((struct pinion_files_v1 *)0)->make_folder), 8);
SAME(same_290, offsetof(struct pinion_files_v1, rename), 48);
SAME(same_291, sizeof(((struct pinion_files_v1 *)0)->rename), 8);
SAME(same_292, offsetof(struct pinion_files_v1, remove), 56);
SAME(same_293, sizeof(((struct pinion_files_v1 *)0)->remove), 8);
SAME(same_294, offsetof(struct pinion_files_v1, copy), 64);
SAME(same_295, sizeof(((struct pinion_files_v1 *)0)->copy), 8);
SAME(same_296, offsetof(struct pinion_files_v1, link), 72);
SAME(same_297, sizeof(((struct pinion_files_v1 *)0)->link), 8);
SAME(same_298, offsetof(struct pinion_files_v1, set_mode), 80);
SAME(same_299, sizeof(((struct pinion_files_v1 *)0)->set_mode), 8);
SAME(same_300, offsetof(struct pinion_files_v1, set_times), 88);
SAME(same_301, sizeof(((struct pinion_files_v1 *)0)->set_times), 8);
SAME(same_302, offsetof(struct pinion_files_v1, set_owner), 96);
SAME(same_303, sizeof(((struct pinion_files_v1 *)0)->set_owner), 8);
SAME(same_304, offsetof(struct pinion_files_v1, place), 104);
SAME(same_305, sizeof(((struct pinion_files_v1 *)0)->place), 8);
SAME(same_306, offsetof(struct pinion_files_v1, denied), 112);
SAME(same_307, sizeof(((struct pinion_files_v1 *)0)->denied), 8);
SAME(same_308, offsetof(struct pinion_files_v1, usage), 120);
SAME(same_309, sizeof(((struct pinion_files_v1 *)0)->usage), 8);
SAME(same_310, offsetof(struct pinion_files_v1, reserve), 128);
SAME(same_311, sizeof(((struct pinion_files_v1 *)0)->reserve), 8);
SAME(same_312, offsetof(struct pinion_files_v1, folder), 136);
SAME(same_313, sizeof(((struct pinion_files_v1 *)0)->folder), 8);
SAME(same_314, offsetof(struct pinion_files_v1, remove_in), 144);
SAME(same_315, sizeof(((struct pinion_files_v1 *)0)->remove_in), 8);
SAME(same_316, sizeof(struct pinion_files_v1), 152);
SAME(same_317, offsetof(struct pinion_archives_v1, size), 0);
SAME(same_318, sizeof(((struct pinion_archives_v1 *)0)->size), 4);
SAME(same_319, offsetof(struct pinion_archives_v1, reserved), 4);
SAME(same_320, sizeof(((struct pinion_archives_v1 *)0)->reserved), 4);
SAME(same_321, offsetof(struct pinion_archives_v1, pack), 8);
SAME(same_322, sizeof(((struct pinion_archives_v1 *)0)->pack), 8);
SAME(same_323, offsetof(struct pinion_archives_v1, unpack), 16);
SAME(same_324, sizeof(((struct pinion_archives_v1 *)0)->unpack), 8);
SAME(same_325, sizeof(struct pinion_archives_v1), 24);
SAME(same_326, offsetof(struct pinion_fetch_v1, size), 0);
SAME(same_327, sizeof(((struct pinion_fetch_v1 *)0)->size), 4);
SAME(same_328, offsetof(struct pinion_fetch_v1, reserved), 4);
SAME(same_329, sizeof(((struct pinion_fetch_v1 *)0)->reserved), 4);
SAME(same_330, offsetof(struct pinion_fetch_v1, open), 8);
SAME(same_331, sizeof(((struct pinion_fetch_v1 *)0)->open), 8);
SAME(same_332, offsetof(struct pinion_fetch_v1, head), 16);
SAME(same_333, sizeof(((struct pinion_fetch_v1 *)0)->head), 8);
SAME(same_334, offsetof(struct pinion_fetch_v1, read), 24);
SAME(same_335, sizeof(((struct pinion_fetch_v1 *)0)->read), 8);
SAME(same_336, offsetof(struct pinion_fetch_v1, cancel), 32);
SAME(same_337, sizeof(((struct pinion_fetch_v1 *)0)->cancel), 8);
SAME(same_338, offsetof(struct pinion_fetch_v1, close), 40);
SAME(same_339, sizeof(((struct pinion_fetch_v1 *)0)->close), 8);
SAME(same_340, sizeof(struct pinion_fetch_v1), 48);
SAME(same_341, offsetof(struct pinion_environment_v1, size), 0);
SAME(same_342, sizeof(((struct pinion_environment_v1 *)0)->size), 4);
SAME(same_343, offsetof(struct pinion_environment_v1, reserved), 4);
SAME(same_344, sizeof(((struct pinion_environment_v1 *)0)->reserved), 4);
SAME(same_345, offsetof(struct pinion_environment_v1, act), 8);
SAME(same_346, sizeof(((struct pinion_environment_v1 *)0)->act), 8);
SAME(same_347, offsetof(struct pinion_environment_v1, input), 16);
SAME(same_348, sizeof(((struct pinion_environment_v1 *)0)->input), 8);
SAME(same_349, sizeof(struct pinion_environment_v1), 24);
SAME(same_350, offsetof(struct pinion_panel_v1, size), 0);
SAME(same_351, sizeof(((struct pinion_panel_v1 *)0)->size), 4);
SAME(same_352, offsetof(struct pinion_panel_v1, reserved), 4);
SAME(same_353, sizeof(((struct pinion_panel_v1 *)0)->reserved), 4);
SAME(same_354, offsetof(struct pinion_panel_v1, call), 8);
SAME(same_355, sizeof(((struct pinion_panel_v1 *)0)->call), 8);
SAME(same_356, sizeof(struct pinion_panel_v1), 16);
SAME(same_357, offsetof(struct pinion_tokens_v1, size), 0);
SAME(same_358, sizeof(((struct pinion_tokens_v1 *)0)->size), 4);
SAME(same_359, offsetof(struct pinion_tokens_v1, reserved), 4);
SAME(same_360, sizeof(((struct pinion_tokens_v1 *)0)->reserved), 4);
SAME(same_361, offsetof(struct pinion_tokens_v1, verify), 8);
SAME(same_362, sizeof(((struct pinion_tokens_v1 *)0)->verify), 8);
SAME(same_363, offsetof(struct pinion_tokens_v1, use_once), 16);
SAME(same_364, sizeof(((struct pinion_tokens_v1 *)0)->use_once), 8);
SAME(same_365, offsetof(struct pinion_tokens_v1, deny), 24);
SAME(same_366, sizeof(((struct pinion_tokens_v1 *)0)->deny), 8);
SAME(same_367, sizeof(struct pinion_tokens_v1), 32);
SAME(same_368, offsetof(struct pinion_store_change, key), 0);
SAME(same_369, sizeof(((struct pinion_store_change *)0)->key), 8);
SAME(same_370, offsetof(struct pinion_store_change, value), 8);
SAME(same_371, sizeof(((struct pinion_store_change *)0)->value), 16);
SAME(same_372, sizeof(struct pinion_store_change), 24);
SAME(same_373, offsetof(struct pinion_store_v1, size), 0);
SAME(same_374, sizeof(((struct pinion_store_v1 *)0)->size), 4);
SAME(same_375, offsetof(struct pinion_store_v1, reserved), 4);
SAME(same_376, sizeof(((struct pinion_store_v1 *)0)->reserved), 4);
SAME(same_377, offsetof(struct pinion_store_v1, get), 8);
SAME(same_378, sizeof(((struct pinion_store_v1 *)0)->get), 8);
SAME(same_379, offsetof(struct pinion_store_v1, put), 16);
SAME(same_380, sizeof(((struct pinion_store_v1 *)0)->put), 8);
SAME(same_381, offsetof(struct pinion_store_v1, scan), 24);
SAME(same_382, sizeof(((struct pinion_store_v1 *)0)->scan), 8);
SAME(same_383, offsetof(struct pinion_store_v1, apply), 32);
SAME(same_384, sizeof(((struct pinion_store_v1 *)0)->apply), 8);
SAME(same_385, offsetof(struct pinion_store_v1, page), 40);
SAME(same_386, sizeof(((struct pinion_store_v1 *)0)->page), 8);
SAME(same_387, sizeof(struct pinion_store_v1), 48);

void (*check_pinion_event_fn(pinion_event_fn f))(void *, const pinion_event *);
void (*check_pinion_event_fn(pinion_event_fn f))(void *, const pinion_event *) { return f; }
void (*check_pinion_call_fn(pinion_call_fn f))(void *, const pinion_event *, pinion_reply *);
void (*check_pinion_call_fn(pinion_call_fn f))(void *, const pinion_event *, pinion_reply *) { return f; }
void (*check_pinion_done_fn(pinion_done_fn f))(void *, int32_t, pinion_span);
void (*check_pinion_done_fn(pinion_done_fn f))(void *, int32_t, pinion_span) { return f; }
int32_t (*check_pinion_sink_write(struct pinion_sink *t))(void *, pinion_span);
int32_t (*check_pinion_sink_write(struct pinion_sink *t))(void *, pinion_span) { return t->write; }
int32_t (*check_pinion_bus_v1_publish(struct pinion_bus_v1 *t))(const pinion_host *, const pinion_event *, pinion_error *);
int32_t (*check_pinion_bus_v1_publish(struct pinion_bus_v1 *t))(const pinion_host *, const pinion_event *, pinion_error *) { return t->publish; }
int32_t (*check_pinion_bus_v1_subscribe(struct pinion_bus_v1 *t))(const pinion_host *, const char *, uint32_t, pinion_event_fn, void *, uint64_t *, pinion_error *);
int32_t (*check_pinion_bus_v1_subscribe(struct pinion_bus_v1 *t))(const pinion_host *, const char *, uint32_t, pinion_event_fn, void *, uint64_t *, pinion_error *) { return t->subscribe; }
int32_t (*check_pinion_bus_v1_offer(struct pinion_bus_v1 *t))(const pinion_host *, const char *, pinion_span, pinion_call_fn, void *, uint64_t *, pinion_error *);
int32_t (*check_pinion_bus_v1_offer(struct pinion_bus_v1 *t))(const pinion_host *, const char *, pinion_span, pinion_call_fn, void *, uint64_t *, pinion_error *) { return t->offer; }
int32_t (*check_pinion_bus_v1_call(struct pinion_bus_v1 *t))(const pinion_host *, const char *, const pinion_event *, uint32_t, pinion_done_fn, void *, uint64_t *, pinion_error *);
int32_t (*check_pinion_bus_v1_call(struct pinion_bus_v1 *t))(const pinion_host *, const char *, const pinion_event *, uint32_t, pinion_done_fn, void *, uint64_t *, pinion_error *) { return t->call; }
int32_t (*check_pinion_bus_v1_list(struct pinion_bus_v1 *t))(const pinion_host *, const char *, const pinion_sink *);
int32_t (*check_pinion_bus_v1_list(struct pinion_bus_v1 *t))(const pinion_host *, const char *, const pinion_sink *) { return t->list; }
int32_t (*check_pinion_bus_v1_cancel(struct pinion_bus_v1 *t))(const pinion_host *, uint64_t);
int32_t (*check_pinion_bus_v1_cancel(struct pinion_bus_v1 *t))(const pinion_host *, uint64_t) { return t->cancel; }
int32_t (*check_pinion_reply_v1_answer(struct pinion_reply_v1 *t))(pinion_reply *, int32_t, pinion_span);
int32_t (*check_pinion_reply_v1_answer(struct pinion_reply_v1 *t))(pinion_reply *, int32_t, pinion_span) { return t->answer; }
int32_t (*check_pinion_reply_v1_keep(struct pinion_reply_v1 *t))(pinion_reply *);
int32_t (*check_pinion_reply_v1_keep(struct pinion_reply_v1 *t))(pinion_reply *) { return t->keep; }
int32_t (*check_pinion_reply_v1_cancelled(struct pinion_reply_v1 *t))(const pinion_reply *);
int32_t (*check_pinion_reply_v1_cancelled(struct pinion_reply_v1 *t))(const pinion_reply *) { return t->cancelled; }
const void * (*check_pinion_host_service(struct pinion_host *t))(const pinion_host *, const char *);
const void * (*check_pinion_host_service(struct pinion_host *t))(const pinion_host *, const char *) { return t->service; }
int32_t (*check_pinion_plugin_v1_start(struct pinion_plugin_v1 *t))(void *, pinion_error *);
int32_t (*check_pinion_plugin_v1_start(struct pinion_plugin_v1 *t))(void *, pinion_error *) { return t->start; }
void (*check_pinion_plugin_v1_stop(struct pinion_plugin_v1 *t))(void *);
void (*check_pinion_plugin_v1_stop(struct pinion_plugin_v1 *t))(void *) { return t->stop; }
void (*check_pinion_plugin_v1_destroy(struct pinion_plugin_v1 *t))(void *);
void (*check_pinion_plugin_v1_destroy(struct pinion_plugin_v1 *t))(void *) { return t->destroy; }
int32_t (*check_pinion_entry_v1_create(struct pinion_entry_v1 *t))(const pinion_host *, pinion_plugin_v1 *, pinion_error *);
int32_t (*check_pinion_entry_v1_create(struct pinion_entry_v1 *t))(const pinion_host *, pinion_plugin_v1 *, pinion_error *) { return t->create; }
void (*check_pinion_timer_fn(pinion_timer_fn f))(void *);
void (*check_pinion_timer_fn(pinion_timer_fn f))(void *) { return f; }
int32_t (*check_pinion_work_fn(pinion_work_fn f))(void *);
int32_t (*check_pinion_work_fn(pinion_work_fn f))(void *) { return f; }
void (*check_pinion_route_fn(pinion_route_fn f))(void *, pinion_request *, pinion_reply *);
void (*check_pinion_route_fn(pinion_route_fn f))(void *, pinion_request *, pinion_reply *) { return f; }
void (*check_pinion_frame_fn(pinion_frame_fn f))(void *, uint64_t, uint32_t, pinion_span);
void (*check_pinion_frame_fn(pinion_frame_fn f))(void *, uint64_t, uint32_t, pinion_span) { return f; }
int32_t (*check_pinion_file_fn(pinion_file_fn f))(void *, const pinion_file_info *);
int32_t (*check_pinion_file_fn(pinion_file_fn f))(void *, const pinion_file_info *) { return f; }
void (*check_pinion_progress_fn(pinion_progress_fn f))(void *, pinion_span);
void (*check_pinion_progress_fn(pinion_progress_fn f))(void *, pinion_span) { return f; }
int32_t (*check_pinion_log_v1_enabled(struct pinion_log_v1 *t))(const pinion_host *, uint32_t);
int32_t (*check_pinion_log_v1_enabled(struct pinion_log_v1 *t))(const pinion_host *, uint32_t) { return t->enabled; }
void (*check_pinion_log_v1_write(struct pinion_log_v1 *t))(const pinion_host *, uint32_t, pinion_span, pinion_span);
void (*check_pinion_log_v1_write(struct pinion_log_v1 *t))(const pinion_host *, uint32_t, pinion_span, pinion_span) { return t->write; }
int32_t (*check_pinion_config_v1_read(struct pinion_config_v1 *t))(const pinion_host *, const char *, const pinion_sink *, pinion_error *);
int32_t (*check_pinion_config_v1_read(struct pinion_config_v1 *t))(const pinion_host *, const char *, const pinion_sink *, pinion_error *) { return t->read; }
int32_t (*check_pinion_config_v1_node(struct pinion_config_v1 *t))(const pinion_host *, const char *, const pinion_sink *, pinion_error *);
int32_t (*check_pinion_config_v1_node(struct pinion_config_v1 *t))(const pinion_host *, const char *, const pinion_sink *, pinion_error *) { return t->node; }
int32_t (*check_pinion_timers_v1_after(struct pinion_timers_v1 *t))(const pinion_host *, uint32_t, uint32_t, pinion_timer_fn, void *, uint64_t *, pinion_error *);
int32_t (*check_pinion_timers_v1_after(struct pinion_timers_v1 *t))(const pinion_host *, uint32_t, uint32_t, pinion_timer_fn, void *, uint64_t *, pinion_error *) { return t->after; }
int32_t (*check_pinion_tasks_v1_run(struct pinion_tasks_v1 *t))(const pinion_host *, pinion_work_fn, pinion_done_fn, void *, uint64_t *, pinion_error *);
int32_t (*check_pinion_tasks_v1_run(struct pinion_tasks_v1 *t))(const pinion_host *, pinion_work_fn, pinion_done_fn, void *, uint64_t *, pinion_error *) { return t->run; }
int32_t (*check_pinion_tasks_v1_run_long(struct pinion_tasks_v1 *t))(const pinion_host *, pinion_work_fn, pinion_done_fn, void *, uint64_t *, pinion_error *);
int32_t (*check_pinion_tasks_v1_run_long(struct pinion_tasks_v1 *t))(const pinion_host *, pinion_work_fn, pinion_done_fn, void *, uint64_t *, pinion_error *) { return t->run_long; }
int32_t (*check_pinion_routes_v1_add(struct pinion_routes_v1 *t))(const pinion_host *, const pinion_route *, pinion_route_fn, void *, uint64_t *, pinion_error *);
int32_t (*check_pinion_routes_v1_add(struct pinion_routes_v1 *t))(const pinion_host *, const pinion_route *, pinion_route_fn, void *, uint64_t *, pinion_error *) { return t->add; }
int32_t (*check_pinion_routes_v1_field(struct pinion_routes_v1 *t))(const pinion_request *, const char *, const pinion_sink *);
int32_t (*check_pinion_routes_v1_field(struct pinion_routes_v1 *t))(const pinion_request *, const char *, const pinion_sink *) { return t->field; }
int64_t (*check_pinion_routes_v1_read_body(struct pinion_routes_v1 *t))(pinion_request *, void *, size_t);
int64_t (*check_pinion_routes_v1_read_body(struct pinion_routes_v1 *t))(pinion_request *, void *, size_t) { return t->read_body; }
int32_t (*check_pinion_routes_v1_head(struct pinion_routes_v1 *t))(pinion_reply *, uint32_t, pinion_span);
int32_t (*check_pinion_routes_v1_head(struct pinion_routes_v1 *t))(pinion_reply *, uint32_t, pinion_span) { return t->head; }
int32_t (*check_pinion_routes_v1_send(struct pinion_routes_v1 *t))(pinion_reply *, pinion_span);
int32_t (*check_pinion_routes_v1_send(struct pinion_routes_v1 *t))(pinion_reply *, pinion_span) { return t->send; }
int32_t (*check_pinion_routes_v1_send_file(struct pinion_routes_v1 *t))(pinion_reply *, int32_t, uint64_t, uint64_t);
int32_t (*check_pinion_routes_v1_send_file(struct pinion_routes_v1 *t))(pinion_reply *, int32_t, uint64_t, uint64_t) { return t->send_file; }
int32_t (*check_pinion_routes_v1_accept(struct pinion_routes_v1 *t))(pinion_reply *, const pinion_socket_options *, pinion_frame_fn, void *, uint64_t *, pinion_error *);
int32_t (*check_pinion_routes_v1_accept(struct pinion_routes_v1 *t))(pinion_reply *, const pinion_socket_options *, pinion_frame_fn, void *, uint64_t *, pinion_error *) { return t->accept; }
int32_t (*check_pinion_routes_v1_frame(struct pinion_routes_v1 *t))(const pinion_host *, uint64_t, uint32_t, pinion_span);
int32_t (*check_pinion_routes_v1_frame(struct pinion_routes_v1 *t))(const pinion_host *, uint64_t, uint32_t, pinion_span) { return t->frame; }
int32_t (*check_pinion_routes_v1_broadcast(struct pinion_routes_v1 *t))(const pinion_host *, const uint64_t *, size_t, uint32_t, uint32_t, pinion_span);
int32_t (*check_pinion_routes_v1_broadcast(struct pinion_routes_v1 *t))(const pinion_host *, const uint64_t *, size_t, uint32_t, uint32_t, pinion_span) { return t->broadcast; }
int32_t (*check_pinion_routes_v1_close(struct pinion_routes_v1 *t))(const pinion_host *, uint64_t, uint16_t, pinion_span);
int32_t (*check_pinion_routes_v1_close(struct pinion_routes_v1 *t))(const pinion_host *, uint64_t, uint16_t, pinion_span) { return t->close; }
int32_t (*check_pinion_servers_v1_list(struct pinion_servers_v1 *t))(const pinion_host *, const pinion_sink *);
int32_t (*check_pinion_servers_v1_list(struct pinion_servers_v1 *t))(const pinion_host *, const pinion_sink *) { return t->list; }
int32_t (*check_pinion_servers_v1_read(struct pinion_servers_v1 *t))(const pinion_host *, const char *, const char *, const pinion_sink *, pinion_error *);
int32_t (*check_pinion_servers_v1_read(struct pinion_servers_v1 *t))(const pinion_host *, const char *, const char *, const pinion_sink *, pinion_error *) { return t->read; }
int32_t (*check_pinion_servers_v1_hold(struct pinion_servers_v1 *t))(const pinion_host *, const char *, const char *, uint64_t *, pinion_error *);
int32_t (*check_pinion_servers_v1_hold(struct pinion_servers_v1 *t))(const pinion_host *, const char *, const char *, uint64_t *, pinion_error *) { return t->hold; }
int32_t (*check_pinion_servers_v1_set_state(struct pinion_servers_v1 *t))(const pinion_host *, const char *, const char *, pinion_error *);
int32_t (*check_pinion_servers_v1_set_state(struct pinion_servers_v1 *t))(const pinion_host *, const char *, const char *, pinion_error *) { return t->set_state; }
int32_t (*check_pinion_files_v1_open(struct pinion_files_v1 *t))(const pinion_host *, const char *, const char *, uint32_t, uint32_t, pinion_error *);
int32_t (*check_pinion_files_v1_open(struct pinion_files_v1 *t))(const pinion_host *, const char *, const char *, uint32_t, uint32_t, pinion_error *) { return t->open; }
int32_t (*check_pinion_files_v1_open_in(struct pinion_files_v1 *t))(const pinion_host *, int32_t, const char *, uint32_t, pinion_error *);
int32_t (*check_pinion_files_v1_open_in(struct pinion_files_v1 *t))(const pinion_host *, int32_t, const char *, uint32_t, pinion_error *) { return t->open_in; }
int32_t (*check_pinion_files_v1_stat(struct pinion_files_v1 *t))(const pinion_host *, const char *, const char *, pinion_file_info *, pinion_error *);
int32_t (*check_pinion_files_v1_stat(struct pinion_files_v1 *t))(const pinion_host *, const char *, const char *, pinion_file_info *, pinion_error *) { return t->stat; }
int32_t (*check_pinion_files_v1_entries(struct pinion_files_v1 *t))(const pinion_host *, const char *, const char *, pinion_file_fn, void *, pinion_error *);
int32_t (*check_pinion_files_v1_entries(struct pinion_files_v1 *t))(const pinion_host *, const char *, const char *, pinion_file_fn, void *, pinion_error *) { return t->entries; }
int32_t (*check_pinion_files_v1_make_folder(struct pinion_files_v1 *t))(const pinion_host *, const char *, const char *, uint32_t, uint32_t, pinion_error *);
int32_t (*check_pinion_files_v1_make_folder(struct pinion_files_v1 *t))(const pinion_host *, const char *, const char *, uint32_t, uint32_t, pinion_error *) { return t->make_folder; }
int32_t (*check_pinion_files_v1_rename(struct pinion_files_v1 *t))(const pinion_host *, const char *, const char *, const char *, uint32_t, pinion_error *);
int32_t (*check_pinion_files_v1_rename(struct pinion_files_v1 *t))(const pinion_host *, const char *, const char *, const char *, uint32_t, pinion_error *) { return t->rename; }
int32_t (*check_pinion_files_v1_remove(struct pinion_files_v1 *t))(const pinion_host *, const char *, const char *, uint32_t, pinion_error *);
int32_t (*check_pinion_files_v1_remove(struct pinion_files_v1 *t))(const pinion_host *, const char *, const char *, uint32_t, pinion_error *) { return t->remove; }
int32_t (*check_pinion_files_v1_copy(struct pinion_files_v1 *t))(const pinion_host *, const char *, const char *, const char *, uint32_t, pinion_error *);
int32_t (*check_pinion_files_v1_copy(struct pinion_files_v1 *t))(const pinion_host *, const char *, const char *, const char *, uint32_t, pinion_error *) { return t->copy; }
int32_t (*check_pinion_files_v1_link(struct pinion_files_v1 *t))(const pinion_host *, const char *, const char *, const char *, uint32_t, pinion_error *);
int32_t (*check_pinion_files_v1_link(struct pinion_files_v1 *t))(const pinion_host *, const char *, const char *, const char *, uint32_t, pinion_error *) { return t->link; }
int32_t (*check_pinion_files_v1_set_mode(struct pinion_files_v1 *t))(const pinion_host *, const char *, const char *, uint32_t, uint32_t, pinion_error *);
int32_t (*check_pinion_files_v1_set_mode(struct pinion_files_v1 *t))(const pinion_host *, const char *, const char *, uint32_t, uint32_t, pinion_error *) { return t->set_mode; }
int32_t (*check_pinion_files_v1_set_times(struct pinion_files_v1 *t))(const pinion_host *, const char *, const char *, int64_t, int64_t, uint32_t, pinion_error *);
int32_t (*check_pinion_files_v1_set_times(struct pinion_files_v1 *t))(const pinion_host *, const char *, const char *, int64_t, int64_t, uint32_t, pinion_error *) { return t->set_times; }
int32_t (*check_pinion_files_v1_set_owner(struct pinion_files_v1 *t))(const pinion_host *, const char *, const char *, pinion_error *);
int32_t (*check_pinion_files_v1_set_owner(struct pinion_files_v1 *t))(const pinion_host *, const char *, const char *, pinion_error *) { return t->set_owner; }
int32_t (*check_pinion_files_v1_place(struct pinion_files_v1 *t))(const pinion_host *, const char *, int32_t, const char *, uint32_t, pinion_error *);
int32_t (*check_pinion_files_v1_place(struct pinion_files_v1 *t))(const pinion_host *, const char *, int32_t, const char *, uint32_t, pinion_error *) { return t->place; }
int32_t (*check_pinion_files_v1_denied(struct pinion_files_v1 *t))(const pinion_host *, const char *, const char *);
int32_t (*check_pinion_files_v1_denied(struct pinion_files_v1 *t))(const pinion_host *, const char *, const char *) { return t->denied; }
int32_t (*check_pinion_files_v1_usage(struct pinion_files_v1 *t))(const pinion_host *, const char *, int32_t, const pinion_sink *, pinion_error *);
int32_t (*check_pinion_files_v1_usage(struct pinion_files_v1 *t))(const pinion_host *, const char *, int32_t, const pinion_sink *, pinion_error *) { return t->usage; }
int32_t (*check_pinion_files_v1_reserve(struct pinion_files_v1 *t))(const pinion_host *, const char *, int64_t, pinion_error *);
int32_t (*check_pinion_files_v1_reserve(struct pinion_files_v1 *t))(const pinion_host *, const char *, int64_t, pinion_error *) { return t->reserve; }
int32_t (*check_pinion_files_v1_folder(struct pinion_files_v1 *t))(const pinion_host *, const char *, pinion_error *);
int32_t (*check_pinion_files_v1_folder(struct pinion_files_v1 *t))(const pinion_host *, const char *, pinion_error *) { return t->folder; }
int32_t (*check_pinion_files_v1_remove_in(struct pinion_files_v1 *t))(const pinion_host *, const char *, const char *, pinion_error *);
int32_t (*check_pinion_files_v1_remove_in(struct pinion_files_v1 *t))(const pinion_host *, const char *, const char *, pinion_error *) { return t->remove_in; }
int32_t (*check_pinion_archives_v1_pack(struct pinion_archives_v1 *t))(const pinion_host *, const char *, int32_t, pinion_span, pinion_progress_fn, pinion_done_fn, void *, uint64_t *, pinion_error *);
int32_t (*check_pinion_archives_v1_pack(struct pinion_archives_v1 *t))(const pinion_host *, const char *, int32_t, pinion_span, pinion_progress_fn, pinion_done_fn, void *, uint64_t *, pinion_error *) { return t->pack; }
int32_t (*check_pinion_archives_v1_unpack(struct pinion_archives_v1 *t))(const pinion_host *, const char *, int32_t, pinion_span, pinion_progress_fn, pinion_done_fn, void *, uint64_t *, pinion_error *);
int32_t (*check_pinion_archives_v1_unpack(struct pinion_archives_v1 *t))(const pinion_host *, const char *, int32_t, pinion_span, pinion_progress_fn, pinion_done_fn, void *, uint64_t *, pinion_error *) { return t->unpack; }
pinion_fetch * (*check_pinion_fetch_v1_open(struct pinion_fetch_v1 *t))(const pinion_host *, pinion_span, pinion_error *);
pinion_fetch * (*check_pinion_fetch_v1_open(struct pinion_fetch_v1 *t))(const pinion_host *, pinion_span, pinion_error *) { return t->open; }
int32_t (*check_pinion_fetch_v1_head(struct pinion_fetch_v1 *t))(pinion_fetch *, const pinion_sink *, pinion_error *);
int32_t (*check_pinion_fetch_v1_head(struct pinion_fetch_v1 *t))(pinion_fetch *, const pinion_sink *, pinion_error *) { return t->head; }
int64_t (*check_pinion_fetch_v1_read(struct pinion_fetch_v1 *t))(pinion_fetch *, void *, size_t, pinion_error *);
int64_t (*check_pinion_fetch_v1_read(struct pinion_fetch_v1 *t))(pinion_fetch *, void *, size_t, pinion_error *) { return t->read; }
void (*check_pinion_fetch_v1_cancel(struct pinion_fetch_v1 *t))(pinion_fetch *);
void (*check_pinion_fetch_v1_cancel(struct pinion_fetch_v1 *t))(pinion_fetch *) { return t->cancel; }
void (*check_pinion_fetch_v1_close(struct pinion_fetch_v1 *t))(pinion_fetch *);
void (*check_pinion_fetch_v1_close(struct pinion_fetch_v1 *t))(pinion_fetch *) { return t->close; }
int32_t (*check_pinion_environment_v1_act(struct pinion_environment_v1 *t))(const pinion_host *, const char *, const char *, pinion_span, uint32_t, pinion_done_fn, void *, uint64_t *, pinion_error *);
int32_t (*check_pinion_environment_v1_act(struct pinion_environment_v1 *t))(const pinion_host *, const char *, const char *, pinion_span, uint32_t, pinion_done_fn, void *, uint64_t *, pinion_error *) { return t->act; }
int32_t (*check_pinion_environment_v1_input(struct pinion_environment_v1 *t))(const pinion_host *, const char *, pinion_span, pinion_error *);
int32_t (*check_pinion_environment_v1_input(struct pinion_environment_v1 *t))(const pinion_host *, const char *, pinion_span, pinion_error *) { return t->input; }
int32_t (*check_pinion_panel_v1_call(struct pinion_panel_v1 *t))(const pinion_host *, const char *, const char *, pinion_span, pinion_done_fn, void *, uint64_t *, pinion_error *);
int32_t (*check_pinion_panel_v1_call(struct pinion_panel_v1 *t))(const pinion_host *, const char *, const char *, pinion_span, pinion_done_fn, void *, uint64_t *, pinion_error *) { return t->call; }
int32_t (*check_pinion_tokens_v1_verify(struct pinion_tokens_v1 *t))(const pinion_host *, pinion_span, const char *, const pinion_sink *, pinion_error *);
int32_t (*check_pinion_tokens_v1_verify(struct pinion_tokens_v1 *t))(const pinion_host *, pinion_span, const char *, const pinion_sink *, pinion_error *) { return t->verify; }
int32_t (*check_pinion_tokens_v1_use_once(struct pinion_tokens_v1 *t))(const pinion_host *, const char *, int64_t, pinion_error *);
int32_t (*check_pinion_tokens_v1_use_once(struct pinion_tokens_v1 *t))(const pinion_host *, const char *, int64_t, pinion_error *) { return t->use_once; }
int32_t (*check_pinion_tokens_v1_deny(struct pinion_tokens_v1 *t))(const pinion_host *, pinion_span, pinion_error *);
int32_t (*check_pinion_tokens_v1_deny(struct pinion_tokens_v1 *t))(const pinion_host *, pinion_span, pinion_error *) { return t->deny; }
int32_t (*check_pinion_store_v1_get(struct pinion_store_v1 *t))(const pinion_host *, const char *, const pinion_sink *);
int32_t (*check_pinion_store_v1_get(struct pinion_store_v1 *t))(const pinion_host *, const char *, const pinion_sink *) { return t->get; }
int32_t (*check_pinion_store_v1_put(struct pinion_store_v1 *t))(const pinion_host *, const char *, pinion_span, pinion_error *);
int32_t (*check_pinion_store_v1_put(struct pinion_store_v1 *t))(const pinion_host *, const char *, pinion_span, pinion_error *) { return t->put; }
int32_t (*check_pinion_store_v1_scan(struct pinion_store_v1 *t))(const pinion_host *, const char *, const pinion_sink *);
int32_t (*check_pinion_store_v1_scan(struct pinion_store_v1 *t))(const pinion_host *, const char *, const pinion_sink *) { return t->scan; }
int32_t (*check_pinion_store_v1_apply(struct pinion_store_v1 *t))(const pinion_host *, const pinion_store_change *, size_t, pinion_error *);
int32_t (*check_pinion_store_v1_apply(struct pinion_store_v1 *t))(const pinion_host *, const pinion_store_change *, size_t, pinion_error *) { return t->apply; }
int32_t (*check_pinion_store_v1_page(struct pinion_store_v1 *t))(const pinion_host *, const char *, const char *, uint32_t, const pinion_sink *, pinion_error *);
int32_t (*check_pinion_store_v1_page(struct pinion_store_v1 *t))(const pinion_host *, const char *, const char *, uint32_t, const pinion_sink *, pinion_error *) { return t->page; }
const struct pinion_entry_v1 *check_entry(void);
const struct pinion_entry_v1 *check_entry(void) { return &pinion_plugin_entry_v1; }
