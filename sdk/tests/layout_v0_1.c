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
SAME(same_11, PINION_EVENT_RAW, 1);
SAME(same_12, PINION_POLICY_ALL, 0);
SAME(same_13, PINION_POLICY_LATEST, 1);
SAME(same_14, PINION_POLICY_DROP_OLDEST, 2);
SAME(same_15, PINION_EVENT_GAP, 2);
SAME(same_16, offsetof(struct pinion_span, data), 0);
SAME(same_17, sizeof(((struct pinion_span *)0)->data), 8);
SAME(same_18, offsetof(struct pinion_span, size), 8);
SAME(same_19, sizeof(((struct pinion_span *)0)->size), 8);
SAME(same_20, sizeof(struct pinion_span), 16);
SAME(same_21, offsetof(struct pinion_sink, ctx), 0);
SAME(same_22, sizeof(((struct pinion_sink *)0)->ctx), 8);
SAME(same_23, offsetof(struct pinion_sink, write), 8);
SAME(same_24, sizeof(((struct pinion_sink *)0)->write), 8);
SAME(same_25, sizeof(struct pinion_sink), 16);
SAME(same_26, offsetof(struct pinion_error, size), 0);
SAME(same_27, sizeof(((struct pinion_error *)0)->size), 4);
SAME(same_28, offsetof(struct pinion_error, code), 4);
SAME(same_29, sizeof(((struct pinion_error *)0)->code), 4);
SAME(same_30, offsetof(struct pinion_error, message), 8);
SAME(same_31, sizeof(((struct pinion_error *)0)->message), 504);
SAME(same_32, sizeof(struct pinion_error), 512);
SAME(same_33, offsetof(struct pinion_event, size), 0);
SAME(same_34, sizeof(((struct pinion_event *)0)->size), 4);
SAME(same_35, offsetof(struct pinion_event, flags), 4);
SAME(same_36, sizeof(((struct pinion_event *)0)->flags), 4);
SAME(same_37, offsetof(struct pinion_event, seq), 8);
SAME(same_38, sizeof(((struct pinion_event *)0)->seq), 8);
SAME(same_39, offsetof(struct pinion_event, time_ms), 16);
SAME(same_40, sizeof(((struct pinion_event *)0)->time_ms), 8);
SAME(same_41, offsetof(struct pinion_event, topic), 24);
SAME(same_42, sizeof(((struct pinion_event *)0)->topic), 8);
SAME(same_43, offsetof(struct pinion_event, server), 32);
SAME(same_44, sizeof(((struct pinion_event *)0)->server), 8);
SAME(same_45, offsetof(struct pinion_event, source), 40);
SAME(same_46, sizeof(((struct pinion_event *)0)->source), 8);
SAME(same_47, offsetof(struct pinion_event, payload), 48);
SAME(same_48, sizeof(((struct pinion_event *)0)->payload), 16);
SAME(same_49, sizeof(struct pinion_event), 64);
SAME(same_50, offsetof(struct pinion_bus_v1, size), 0);
SAME(same_51, sizeof(((struct pinion_bus_v1 *)0)->size), 4);
SAME(same_52, offsetof(struct pinion_bus_v1, reserved), 4);
SAME(same_53, sizeof(((struct pinion_bus_v1 *)0)->reserved), 4);
SAME(same_54, offsetof(struct pinion_bus_v1, publish), 8);
SAME(same_55, sizeof(((struct pinion_bus_v1 *)0)->publish), 8);
SAME(same_56, offsetof(struct pinion_bus_v1, subscribe), 16);
SAME(same_57, sizeof(((struct pinion_bus_v1 *)0)->subscribe), 8);
SAME(same_58, offsetof(struct pinion_bus_v1, offer), 24);
SAME(same_59, sizeof(((struct pinion_bus_v1 *)0)->offer), 8);
SAME(same_60, offsetof(struct pinion_bus_v1, call), 32);
SAME(same_61, sizeof(((struct pinion_bus_v1 *)0)->call), 8);
SAME(same_62, offsetof(struct pinion_bus_v1, list), 40);
SAME(same_63, sizeof(((struct pinion_bus_v1 *)0)->list), 8);
SAME(same_64, offsetof(struct pinion_bus_v1, cancel), 48);
SAME(same_65, sizeof(((struct pinion_bus_v1 *)0)->cancel), 8);
SAME(same_66, sizeof(struct pinion_bus_v1), 56);
SAME(same_67, offsetof(struct pinion_reply_v1, size), 0);
SAME(same_68, sizeof(((struct pinion_reply_v1 *)0)->size), 4);
SAME(same_69, offsetof(struct pinion_reply_v1, reserved), 4);
SAME(same_70, sizeof(((struct pinion_reply_v1 *)0)->reserved), 4);
SAME(same_71, offsetof(struct pinion_reply_v1, answer), 8);
SAME(same_72, sizeof(((struct pinion_reply_v1 *)0)->answer), 8);
SAME(same_73, offsetof(struct pinion_reply_v1, keep), 16);
SAME(same_74, sizeof(((struct pinion_reply_v1 *)0)->keep), 8);
SAME(same_75, offsetof(struct pinion_reply_v1, cancelled), 24);
SAME(same_76, sizeof(((struct pinion_reply_v1 *)0)->cancelled), 8);
SAME(same_77, sizeof(struct pinion_reply_v1), 32);
SAME(same_78, offsetof(struct pinion_host, size), 0);
SAME(same_79, sizeof(((struct pinion_host *)0)->size), 4);
SAME(same_80, offsetof(struct pinion_host, abi_major), 4);
SAME(same_81, sizeof(((struct pinion_host *)0)->abi_major), 2);
SAME(same_82, offsetof(struct pinion_host, abi_minor), 6);
SAME(same_83, sizeof(((struct pinion_host *)0)->abi_minor), 2);
SAME(same_84, offsetof(struct pinion_host, impl), 8);
SAME(same_85, sizeof(((struct pinion_host *)0)->impl), 8);
SAME(same_86, offsetof(struct pinion_host, version), 16);
SAME(same_87, sizeof(((struct pinion_host *)0)->version), 8);
SAME(same_88, offsetof(struct pinion_host, service), 24);
SAME(same_89, sizeof(((struct pinion_host *)0)->service), 8);
SAME(same_90, sizeof(struct pinion_host), 32);
SAME(same_91, offsetof(struct pinion_plugin_v1, size), 0);
SAME(same_92, sizeof(((struct pinion_plugin_v1 *)0)->size), 4);
SAME(same_93, offsetof(struct pinion_plugin_v1, reserved), 4);
SAME(same_94, sizeof(((struct pinion_plugin_v1 *)0)->reserved), 4);
SAME(same_95, offsetof(struct pinion_plugin_v1, self), 8);
SAME(same_96, sizeof(((struct pinion_plugin_v1 *)0)->self), 8);
SAME(same_97, offsetof(struct pinion_plugin_v1, start), 16);
SAME(same_98, sizeof(((struct pinion_plugin_v1 *)0)->start), 8);
SAME(same_99, offsetof(struct pinion_plugin_v1, stop), 24);
SAME(same_100, sizeof(((struct pinion_plugin_v1 *)0)->stop), 8);
SAME(same_101, offsetof(struct pinion_plugin_v1, destroy), 32);
SAME(same_102, sizeof(((struct pinion_plugin_v1 *)0)->destroy), 8);
SAME(same_103, sizeof(struct pinion_plugin_v1), 40);
SAME(same_104, offsetof(struct pinion_entry_v1, size), 0);
SAME(same_105, sizeof(((struct pinion_entry_v1 *)0)->size), 4);
SAME(same_106, offsetof(struct pinion_entry_v1, abi_major), 4);
SAME(same_107, sizeof(((struct pinion_entry_v1 *)0)->abi_major), 2);
SAME(same_108, offsetof(struct pinion_entry_v1, abi_minor), 6);
SAME(same_109, sizeof(((struct pinion_entry_v1 *)0)->abi_minor), 2);
SAME(same_110, offsetof(struct pinion_entry_v1, id), 8);
SAME(same_111, sizeof(((struct pinion_entry_v1 *)0)->id), 8);
SAME(same_112, offsetof(struct pinion_entry_v1, version), 16);
SAME(same_113, sizeof(((struct pinion_entry_v1 *)0)->version), 8);
SAME(same_114, offsetof(struct pinion_entry_v1, summary), 24);
SAME(same_115, sizeof(((struct pinion_entry_v1 *)0)->summary), 8);
SAME(same_116, offsetof(struct pinion_entry_v1, needs), 32);
SAME(same_117, sizeof(((struct pinion_entry_v1 *)0)->needs), 8);
SAME(same_118, offsetof(struct pinion_entry_v1, create), 40);
SAME(same_119, sizeof(((struct pinion_entry_v1 *)0)->create), 8);
SAME(same_120, sizeof(struct pinion_entry_v1), 48);
SAME(same_121, PINION_LOG_DEBUG, 0);
SAME(same_122, PINION_LOG_INFO, 1);
SAME(same_123, PINION_LOG_WARN, 2);
SAME(same_124, PINION_LOG_ERROR, 3);
SAME(same_125, PINION_ROUTE_STREAM_BODY, 1);
SAME(same_126, PINION_ROUTE_LANE, 2);
SAME(same_127, PINION_ROUTE_LONG, 4);
SAME(same_128, PINION_FRAME_TEXT, 1);
SAME(same_129, PINION_FRAME_BINARY, 2);
SAME(same_130, PINION_FRAME_CLOSED, 8);
SAME(same_131, PINION_FRAME_DROPPED, 256);
SAME(same_132, PINION_BROADCAST_DROPPABLE, 1);
SAME(same_133, PINION_OPEN_READ, 0);
SAME(same_134, PINION_OPEN_WRITE, 1);
SAME(same_135, PINION_OPEN_CREATE, 2);
SAME(same_136, PINION_OPEN_TRUNCATE, 4);
SAME(same_137, PINION_OPEN_EXCLUSIVE, 8);
SAME(same_138, PINION_OPEN_DIRECTORY, 16);
SAME(same_139, offsetof(struct pinion_log_v1, size), 0);
SAME(same_140, sizeof(((struct pinion_log_v1 *)0)->size), 4);
SAME(same_141, offsetof(struct pinion_log_v1, reserved), 4);
SAME(same_142, sizeof(((struct pinion_log_v1 *)0)->reserved), 4);
SAME(same_143, offsetof(struct pinion_log_v1, enabled), 8);
SAME(same_144, sizeof(((struct pinion_log_v1 *)0)->enabled), 8);
SAME(same_145, offsetof(struct pinion_log_v1, write), 16);
SAME(same_146, sizeof(((struct pinion_log_v1 *)0)->write), 8);
SAME(same_147, sizeof(struct pinion_log_v1), 24);
SAME(same_148, offsetof(struct pinion_config_v1, size), 0);
SAME(same_149, sizeof(((struct pinion_config_v1 *)0)->size), 4);
SAME(same_150, offsetof(struct pinion_config_v1, reserved), 4);
SAME(same_151, sizeof(((struct pinion_config_v1 *)0)->reserved), 4);
SAME(same_152, offsetof(struct pinion_config_v1, read), 8);
SAME(same_153, sizeof(((struct pinion_config_v1 *)0)->read), 8);
SAME(same_154, offsetof(struct pinion_config_v1, node), 16);
SAME(same_155, sizeof(((struct pinion_config_v1 *)0)->node), 8);
SAME(same_156, sizeof(struct pinion_config_v1), 24);
SAME(same_157, offsetof(struct pinion_timers_v1, size), 0);
SAME(same_158, sizeof(((struct pinion_timers_v1 *)0)->size), 4);
SAME(same_159, offsetof(struct pinion_timers_v1, reserved), 4);
SAME(same_160, sizeof(((struct pinion_timers_v1 *)0)->reserved), 4);
SAME(same_161, offsetof(struct pinion_timers_v1, after), 8);
SAME(same_162, sizeof(((struct pinion_timers_v1 *)0)->after), 8);
SAME(same_163, sizeof(struct pinion_timers_v1), 16);
SAME(same_164, offsetof(struct pinion_tasks_v1, size), 0);
SAME(same_165, sizeof(((struct pinion_tasks_v1 *)0)->size), 4);
SAME(same_166, offsetof(struct pinion_tasks_v1, reserved), 4);
SAME(same_167, sizeof(((struct pinion_tasks_v1 *)0)->reserved), 4);
SAME(same_168, offsetof(struct pinion_tasks_v1, run), 8);
SAME(same_169, sizeof(((struct pinion_tasks_v1 *)0)->run), 8);
SAME(same_170, sizeof(struct pinion_tasks_v1), 16);
SAME(same_171, offsetof(struct pinion_route, size), 0);
SAME(same_172, sizeof(((struct pinion_route *)0)->size), 4);
SAME(same_173, offsetof(struct pinion_route, flags), 4);
SAME(same_174, sizeof(((struct pinion_route *)0)->flags), 4);
SAME(same_175, offsetof(struct pinion_route, method), 8);
SAME(same_176, sizeof(((struct pinion_route *)0)->method), 8);
SAME(same_177, offsetof(struct pinion_route, path), 16);
SAME(same_178, sizeof(((struct pinion_route *)0)->path), 8);
SAME(same_179, offsetof(struct pinion_route, auth), 24);
SAME(same_180, sizeof(((struct pinion_route *)0)->auth), 8);
SAME(same_181, sizeof(struct pinion_route), 32);
SAME(same_182, offsetof(struct pinion_socket_options, size), 0);
SAME(same_183, sizeof(((struct pinion_socket_options *)0)->size), 4);
SAME(same_184, offsetof(struct pinion_socket_options, flags), 4);
SAME(same_185, sizeof(((struct pinion_socket_options *)0)->flags), 4);
SAME(same_186, offsetof(struct pinion_socket_options, max_wire_bytes), 8);
SAME(same_187, sizeof(((struct pinion_socket_options *)0)->max_wire_bytes), 4);
SAME(same_188, offsetof(struct pinion_socket_options, max_message_bytes), 12);
SAME(same_189, sizeof(((struct pinion_socket_options *)0)->max_message_bytes), 4);
SAME(same_190, offsetof(struct pinion_socket_options, queue_bytes), 16);
SAME(same_191, sizeof(((struct pinion_socket_options *)0)->queue_bytes), 4);
SAME(same_192, offsetof(struct pinion_socket_options, write_timeout_ms), 20);
SAME(same_193, sizeof(((struct pinion_socket_options *)0)->write_timeout_ms), 4);
SAME(same_194, sizeof(struct pinion_socket_options), 24);
SAME(same_195, offsetof(struct pinion_routes_v1, size), 0);
SAME(same_196, sizeof(((struct pinion_routes_v1 *)0)->size), 4);
SAME(same_197, offsetof(struct pinion_routes_v1, reserved), 4);
SAME(same_198, sizeof(((struct pinion_routes_v1 *)0)->reserved), 4);
SAME(same_199, offsetof(struct pinion_routes_v1, add), 8);
SAME(same_200, sizeof(((struct pinion_routes_v1 *)0)->add), 8);
SAME(same_201, offsetof(struct pinion_routes_v1, field), 16);
SAME(same_202, sizeof(((struct pinion_routes_v1 *)0)->field), 8);
SAME(same_203, offsetof(struct pinion_routes_v1, read_body), 24);
SAME(same_204, sizeof(((struct pinion_routes_v1 *)0)->read_body), 8);
SAME(same_205, offsetof(struct pinion_routes_v1, head), 32);
SAME(same_206, sizeof(((struct pinion_routes_v1 *)0)->head), 8);
SAME(same_207, offsetof(struct pinion_routes_v1, send), 40);
SAME(same_208, sizeof(((struct pinion_routes_v1 *)0)->send), 8);
SAME(same_209, offsetof(struct pinion_routes_v1, accept), 48);
SAME(same_210, sizeof(((struct pinion_routes_v1 *)0)->accept), 8);
SAME(same_211, offsetof(struct pinion_routes_v1, frame), 56);
SAME(same_212, sizeof(((struct pinion_routes_v1 *)0)->frame), 8);
SAME(same_213, offsetof(struct pinion_routes_v1, broadcast), 64);
SAME(same_214, sizeof(((struct pinion_routes_v1 *)0)->broadcast), 8);
SAME(same_215, offsetof(struct pinion_routes_v1, close), 72);
SAME(same_216, sizeof(((struct pinion_routes_v1 *)0)->close), 8);
SAME(same_217, sizeof(struct pinion_routes_v1), 80);
SAME(same_218, offsetof(struct pinion_servers_v1, size), 0);
SAME(same_219, sizeof(((struct pinion_servers_v1 *)0)->size), 4);
SAME(same_220, offsetof(struct pinion_servers_v1, reserved), 4);
SAME(same_221, sizeof(((struct pinion_servers_v1 *)0)->reserved), 4);
SAME(same_222, offsetof(struct pinion_servers_v1, list), 8);
SAME(same_223, sizeof(((struct pinion_servers_v1 *)0)->list), 8);
SAME(same_224, offsetof(struct pinion_servers_v1, read), 16);
SAME(same_225, sizeof(((struct pinion_servers_v1 *)0)->read), 8);
SAME(same_226, offsetof(struct pinion_servers_v1, hold), 24);
SAME(same_227, sizeof(((struct pinion_servers_v1 *)0)->hold), 8);
SAME(same_228, offsetof(struct pinion_servers_v1, set_state), 32);
SAME(same_229, sizeof(((struct pinion_servers_v1 *)0)->set_state), 8);
SAME(same_230, sizeof(struct pinion_servers_v1), 40);
SAME(same_231, offsetof(struct pinion_files_v1, size), 0);
SAME(same_232, sizeof(((struct pinion_files_v1 *)0)->size), 4);
SAME(same_233, offsetof(struct pinion_files_v1, reserved), 4);
SAME(same_234, sizeof(((struct pinion_files_v1 *)0)->reserved), 4);
SAME(same_235, offsetof(struct pinion_files_v1, open), 8);
SAME(same_236, sizeof(((struct pinion_files_v1 *)0)->open), 8);
SAME(same_237, offsetof(struct pinion_files_v1, list), 16);
SAME(same_238, sizeof(((struct pinion_files_v1 *)0)->list), 8);
SAME(same_239, offsetof(struct pinion_files_v1, change), 24);
SAME(same_240, sizeof(((struct pinion_files_v1 *)0)->change), 8);
SAME(same_241, offsetof(struct pinion_files_v1, usage), 32);
SAME(same_242, sizeof(((struct pinion_files_v1 *)0)->usage), 8);
SAME(same_243, offsetof(struct pinion_files_v1, folder), 40);
SAME(same_244, sizeof(((struct pinion_files_v1 *)0)->folder), 8);
SAME(same_245, sizeof(struct pinion_files_v1), 48);
SAME(same_246, offsetof(struct pinion_environment_v1, size), 0);
SAME(same_247, sizeof(((struct pinion_environment_v1 *)0)->size), 4);
SAME(same_248, offsetof(struct pinion_environment_v1, reserved), 4);
SAME(same_249, sizeof(((struct pinion_environment_v1 *)0)->reserved), 4);
SAME(same_250, offsetof(struct pinion_environment_v1, act), 8);
SAME(same_251, sizeof(((struct pinion_environment_v1 *)0)->act), 8);
SAME(same_252, offsetof(struct pinion_environment_v1, input), 16);
SAME(same_253, sizeof(((struct pinion_environment_v1 *)0)->input), 8);
SAME(same_254, sizeof(struct pinion_environment_v1), 24);
SAME(same_255, offsetof(struct pinion_panel_v1, size), 0);
SAME(same_256, sizeof(((struct pinion_panel_v1 *)0)->size), 4);
SAME(same_257, offsetof(struct pinion_panel_v1, reserved), 4);
SAME(same_258, sizeof(((struct pinion_panel_v1 *)0)->reserved), 4);
SAME(same_259, offsetof(struct pinion_panel_v1, call), 8);
SAME(same_260, sizeof(((struct pinion_panel_v1 *)0)->call), 8);
SAME(same_261, sizeof(struct pinion_panel_v1), 16);
SAME(same_262, offsetof(struct pinion_tokens_v1, size), 0);
SAME(same_263, sizeof(((struct pinion_tokens_v1 *)0)->size), 4);
SAME(same_264, offsetof(struct pinion_tokens_v1, reserved), 4);
SAME(same_265, sizeof(((struct pinion_tokens_v1 *)0)->reserved), 4);
SAME(same_266, offsetof(struct pinion_tokens_v1, verify), 8);
SAME(same_267, sizeof(((struct pinion_tokens_v1 *)0)->verify), 8);
SAME(same_268, offsetof(struct pinion_tokens_v1, use_once), 16);
SAME(same_269, sizeof(((struct pinion_tokens_v1 *)0)->use_once), 8);
SAME(same_270, offsetof(struct pinion_tokens_v1, deny), 24);
SAME(same_271, sizeof(((struct pinion_tokens_v1 *)0)->deny), 8);
SAME(same_272, sizeof(struct pinion_tokens_v1), 32);
SAME(same_273, offsetof(struct pinion_store_v1, size), 0);
SAME(same_274, sizeof(((struct pinion_store_v1 *)0)->size), 4);
SAME(same_275, offsetof(struct pinion_store_v1, reserved), 4);
SAME(same_276, sizeof(((struct pinion_store_v1 *)0)->reserved), 4);
SAME(same_277, offsetof(struct pinion_store_v1, get), 8);
SAME(same_278, sizeof(((struct pinion_store_v1 *)0)->get), 8);
SAME(same_279, offsetof(struct pinion_store_v1, put), 16);
SAME(same_280, sizeof(((struct pinion_store_v1 *)0)->put), 8);
SAME(same_281, offsetof(struct pinion_store_v1, scan), 24);
SAME(same_282, sizeof(((struct pinion_store_v1 *)0)->scan), 8);
SAME(same_283, sizeof(struct pinion_store_v1), 32);

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
int32_t (*check_pinion_files_v1_list(struct pinion_files_v1 *t))(const pinion_host *, const char *, const char *, const pinion_sink *, pinion_error *);
int32_t (*check_pinion_files_v1_list(struct pinion_files_v1 *t))(const pinion_host *, const char *, const char *, const pinion_sink *, pinion_error *) { return t->list; }
int32_t (*check_pinion_files_v1_change(struct pinion_files_v1 *t))(const pinion_host *, const char *, pinion_span, pinion_error *);
int32_t (*check_pinion_files_v1_change(struct pinion_files_v1 *t))(const pinion_host *, const char *, pinion_span, pinion_error *) { return t->change; }
int32_t (*check_pinion_files_v1_usage(struct pinion_files_v1 *t))(const pinion_host *, const char *, int32_t, const pinion_sink *, pinion_error *);
int32_t (*check_pinion_files_v1_usage(struct pinion_files_v1 *t))(const pinion_host *, const char *, int32_t, const pinion_sink *, pinion_error *) { return t->usage; }
int32_t (*check_pinion_files_v1_folder(struct pinion_files_v1 *t))(const pinion_host *, const char *, pinion_error *);
int32_t (*check_pinion_files_v1_folder(struct pinion_files_v1 *t))(const pinion_host *, const char *, pinion_error *) { return t->folder; }
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
const struct pinion_entry_v1 *check_entry(void);
const struct pinion_entry_v1 *check_entry(void) { return &pinion_plugin_entry_v1; }
