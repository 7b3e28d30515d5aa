# shellcheck shell=bash
# The steps of `./dev test`, in order. Sourced by ./dev; each step is a function that stops at its first failure.

#   tidy     house rules and format
#   tools    the tools' own tests, and the scripts' spelling
#   release  everything built and tested as users get it, the simulation's seeds among it
#   system   real processes: a hub that is killed again and again or whose disk is full, peers that go and come back,
#            the README's tour, the demo, every exit code
#   asan     the modules that read other people's bytes, under the address and undefined-behaviour sanitizers
#   fuzz     every decoder on mutated inputs, briefly
#   web      the packages for browsers: types, tests of the client against a hub and of the editor, the API's pages
#   browser  the viewport in a real browser; people at real browsers and native peers in one room: tools, bad networks,
#            hubs that die, one state hash
#   wasm     the core in WebAssembly: the same recorded rooms under Node and natively
#   arm64    the same through qemu, a smaller run
test_steps=(tidy tools release system asan fuzz web browser wasm arm64)

# The modules whose tests run under the sanitizers: all that reads bytes of others, and what stands below.
test_asan_modules=(base telemetry wire crypto scene log replica transport store hub client json interchange models web)

test_step_tidy() {
  tools/tidy
  cpp_files | xargs -0 -r -n 16 -P "$(nproc)" clang-format --dry-run -Werror
}

test_step_tools() {
  shellcheck -x dev tools/*.sh tools/cross_deps tools/demo tools/derive_apt_source tools/test_readers \
    tools/test_peers .ci/run
  python3 -m unittest discover --start-directory tests/tools --pattern '*_test.py'
}

test_step_release() {
  build_preset release
  ctest --test-dir build/release --output-on-failure --parallel "$(nproc)"
}

test_step_system() {
  build_preset release theta theta_rtc_echo
  tools/test_readers
  echo "--- peers"
  tools/test_peers
  local test
  for test in tour exit_codes import log_verify full_disk; do
    echo "--- $test"
    python3 "tests/system/${test}_test.py" --theta build/release/bin/theta --work "build/system/$test"
  done
  tools/demo --once
  echo "--- under_fire"
  python3 tests/system/under_fire_test.py --theta build/release/bin/theta --work build/system/under_fire \
    --readers build/readers
}

test_step_fuzz() {
  build_preset fuzz fuzz_targets
  ctest --test-dir build/fuzz/fuzz --output-on-failure --parallel "$(nproc)" --no-tests=error
}

# Of the named modules, those that have tests in the tree.
test_modules_with_tests() {
  local module
  for module in "$@"; do
    if compgen -G "tests/$module/*_test.cpp" >/dev/null; then
      echo "$module"
    else
      say "there is no test in tests/$module"
    fi
  done
}

test_step_asan() {
  local -a modules
  mapfile -t modules < <(test_modules_with_tests "${test_asan_modules[@]}")
  build_preset asan "${modules[@]/%/_tests}"
  ctest --test-dir build/asan --output-on-failure --parallel "$(nproc)" --no-tests=error \
    --tests-regex "^($(IFS='|' && echo "${modules[*]}"))\\."
}

test_step_web() {
  build_preset release theta
  build_preset wasm theta_web_module
  install_npm web
  npm run check --prefix web --silent
  npm run test --prefix web --silent
  npm run docs --prefix web --silent
}

test_step_browser() {
  build_preset release theta
  build_editor
  npm run test:browser --prefix web/editor --silent
  npm run browser --prefix web/tests --silent
}

# test_compare NAME=COMMAND [OPTION…]: the same recorded rooms natively and by COMMAND, state hash by state hash.
test_compare() {
  build_preset release theta_record_log theta_replay_log
  tools/compare_replays --record build/release/bin/theta_record_log --native build/release/bin/theta_replay_log \
    --other "$@"
}

test_step_wasm() {
  build_preset wasm
  test_compare "node=node build/wasm/bin/theta_replay_log.js" --seeds 8 --packets 500
}

# Fewer rooms, and no unit tests but those of the lowest modules: qemu is slow.
test_step_arm64() {
  local emulator
  build_preset arm64 theta_replay_log base_tests crypto_tests wire_tests
  ctest --test-dir build/arm64 --output-on-failure --parallel "$(nproc)" --no-tests=error \
    --tests-regex '^(base|crypto|wire)\.'
  emulator=$(command -v qemu-aarch64-static || command -v qemu-aarch64)
  test_compare "arm64=$emulator build/arm64/bin/theta_replay_log" --seeds 2 --packets 300
}

# What the steps printed, and how much of a failed one's stands at the very end, where a person looks first and where
# continuous integration, which may keep the end alone, still has it.
test_logs=build/test
test_log_tail=100

# test_run [STEP…]: runs the steps, times them, goes on after a failure, and ends non-zero if any failed.
test_run() {
  local -a steps=("$@") lines=() failed=()
  local step status started
  if [[ ${#steps[@]} == 0 ]]; then steps=("${test_steps[@]}"); fi
  for step in "${steps[@]}"; do
    declare -F "test_step_$step" >/dev/null ||
      die "there is no test step '$step'; the steps are ${test_steps[*]}"
  done
  mkdir -p "$test_logs"
  for step in "${steps[@]}"; do
    echo "=== $step"
    started=$SECONDS
    # A subshell outside of any condition, so that `set -e` holds inside the step.
    set +e
    (
      set -e
      "test_step_$step"
    ) 2>&1 | tee "$test_logs/$step.log"
    status=${PIPESTATUS[0]}
    set -e
    if [[ $status == 0 ]]; then
      lines+=("$(printf '%-8s ok      %4d s' "$step" $((SECONDS - started)))")
    else
      failed+=("$step")
      lines+=("$(printf '%-8s FAILED  %4d s' "$step" $((SECONDS - started)))")
    fi
    echo "=== ${lines[-1]}"
  done
  for step in "${failed[@]}"; do
    printf '\n=== the end of %s, which failed; all of it is in %s\n' "$step" "$test_logs/$step.log"
    tail -n "$test_log_tail" "$test_logs/$step.log"
  done
  printf '%s\n' '' "${lines[@]}"
  echo "steps: $((${#steps[@]} - ${#failed[@]})) passed, ${#failed[@]} failed"
  [[ ${#failed[@]} == 0 ]]
}
