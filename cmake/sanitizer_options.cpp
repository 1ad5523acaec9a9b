/// Defaults of the sanitizer runtimes, linked into every executable of a sanitizer build, so that a
/// process behaves the same however it was started. The *SAN_OPTIONS variables override them.

#define FLEETCAST_RUNTIME_HOOK extern "C" __attribute__((visibility("default"), used))

FLEETCAST_RUNTIME_HOOK const char* __asan_default_options() {
  return "detect_stack_use_after_return=1:strict_string_checks=1:check_initialization_order=1"
         ":abort_on_error=0:handle_abort=1";
}

FLEETCAST_RUNTIME_HOOK const char* __ubsan_default_options() {
  return "print_stacktrace=1:halt_on_error=1";
}

FLEETCAST_RUNTIME_HOOK const char* __tsan_default_options() {
  return "halt_on_error=0:second_deadlock_stack=1:history_size=4";
}

/// Each line needs its reason. Nothing of ours belongs here.
FLEETCAST_RUNTIME_HOOK const char* __tsan_default_suppressions() {
#ifdef FLEETCAST_CAF_INSTRUMENTED
  return "";
#else
  // The installed CAF is compiled without the sanitizer, which so cannot see one thread hand a
  // message to another. This blinds it to races below an actor, too: see CafFromSource.cmake.
  return "race:libcaf_core.so\nrace:libcaf_io.so\nrace:libcaf_openssl.so\n";
#endif
}

FLEETCAST_RUNTIME_HOOK const char* __lsan_default_suppressions() {
  // ncurses keeps what it knows of the terminal until the process ends; only a build of its own frees it.
  return "leak:libtinfo.so\nleak:libncursesw.so\n";
}
