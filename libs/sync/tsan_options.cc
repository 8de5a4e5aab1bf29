// Debian's gRPC, protobuf and abseil are not built with ThreadSanitizer: what happens inside them would be reported as
// races. A suppression of libgrpc would also hide the races in our handlers; this setting does not.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TRIVIUM_TSAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define TRIVIUM_TSAN 1
#endif

#if defined(TRIVIUM_TSAN)
extern "C" const char* __tsan_default_options() { return "ignore_noninstrumented_modules=1"; }
#endif
