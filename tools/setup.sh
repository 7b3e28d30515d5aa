# shellcheck shell=bash
# What Theta needs from the system, and how it gets there. Sourced by ./dev, which defines say() and die() and stands in
# the project's folder.

# Reads the system's name; only Debian 12 and 13 are known. Sets `codename` and the package lists.
setup_read_system() {
  local id='' version=''
  if [[ -r /etc/os-release ]]; then
    # shellcheck source=/dev/null
    id=$(. /etc/os-release && echo "${ID:-}")
    # shellcheck source=/dev/null
    version=$(. /etc/os-release && echo "${VERSION_ID:-}")
  fi
  case "$id $version" in
    'debian 12') codename=bookworm boost=libboost1.81-dev clang_runtime=libclang-rt-14-dev qemu=qemu-user-static ;;
    'debian 13') codename=trixie boost=libboost1.83-dev clang_runtime=libclang-rt-19-dev qemu=qemu-user ;;
    *)
      die "this script sets up Debian 12 (bookworm) and Debian 13 (trixie); this system says it is '${id:-unknown}" \
        "${version:-without a version}'. Elsewhere, install what tools/setup.sh lists by hand and call cmake --preset" \
        "release and ninja -C build/release."
      ;;
  esac
}

# To build and run the hub and the tools, and for the demo's models.
setup_packages_run() {
  echo build-essential cmake ninja-build ccache pkg-config git ca-certificates python3 lld
  echo libsodium-dev libzstd-dev libsqlite3-dev libflatbuffers-dev flatbuffers-compiler "$boost"
  echo libcli11-dev libtomlplusplus-dev libexpected-dev nlohmann-json3-dev libgnutls28-dev libssl-dev libtinygltf-dev
  echo libusrsctp-dev
  echo libgtest-dev libgmock-dev assimp-testmodels
  setup_packages_quic
  setup_packages_editor
}

# The editor is the core in WebAssembly, with libsodium and zstd from Debian's sources, and what npm builds around it.
setup_packages_editor() {
  echo emscripten dpkg-dev
  # A Node that somebody installed by other means is as good, and may conflict with Debian's.
  if ! command -v node >/dev/null; then echo nodejs; fi
  if ! command -v npm >/dev/null; then echo npm; fi
}

# The only ones that come from backports on Debian 12, with what they are built on.
setup_packages_quic() {
  echo libngtcp2-dev libngtcp2-crypto-gnutls-dev
}
# Independent QUIC peers for the tests and the benchmarks.
setup_packages_quic_peers() {
  echo ngtcp2-server ngtcp2-client
}

setup_packages_test() {
  setup_packages_run
  setup_packages_quic_peers
  echo clang clang-format clang-tidy "$clang_runtime" shellcheck
  echo g++-aarch64-linux-gnu libc6-dev-arm64-cross "$qemu" googletest
  echo python3-venv chromium
}

# Rivals and baselines run beside Theta: the test group's peers, npm and Chromium are all it takes.
setup_packages_bench() {
  setup_packages_test
}

# The packages of stdin that are not installed, or are ngtcp2's and too old.
setup_missing() {
  local -a wanted
  mapfile -t wanted < <(tr ' ' '\n' | sort -u)
  dpkg-query -W -f '${db:Status-Abbrev}|${Package}|${Version}\n' "${wanted[@]}" 2>/dev/null |
    while IFS='|' read -r status package version; do
      if [[ $status != ii* ]]; then continue; fi
      if [[ $package == *ngtcp2* ]] && dpkg --compare-versions "$version" lt 1.11; then continue; fi
      echo "$package"
    done | sort -u | comm -23 <(printf '%s\n' "${wanted[@]}") -
}

# Runs as root what needs to be: directly, or through sudo.
setup_as_root() {
  if [[ $(id -u) == 0 ]]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo -n true 2>/dev/null || say "sudo may ask for your password now, to run: $*"
    sudo "$@"
  else
    die "installing packages needs root, and there is no sudo here. Run './dev setup' once as root."
  fi
}

setup_apt_get() {
  setup_as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@"
}

setup_backports_source=/etc/apt/sources.list.d/theta-backports.sources
setup_backports_pin=/etc/apt/preferences.d/theta-backports

setup_backports_pin_text() {
  echo 'Explanation: Theta needs ngtcp2 1.11; on Debian 12 only backports has it. Nothing else is taken from there.'
  echo 'Package: libngtcp2-dev libngtcp2-16 libngtcp2-crypto-gnutls-dev libngtcp2-crypto-gnutls8' \
    'libnghttp3-9 ngtcp2-client ngtcp2-server'
  echo 'Pin: release n=bookworm-backports'
  echo 'Pin-Priority: 600'
}

# Makes ngtcp2 from bookworm-backports installable, and nothing else from there. The source repeats the mirror and the
# keys of the entry that serves bookworm; a machine that has backports already keeps its own entry.
setup_add_backports() {
  local entry
  if ! tools/derive_apt_source bookworm-backports deb bookworm-backports >/dev/null; then
    entry=$(tools/derive_apt_source bookworm deb bookworm-backports) ||
      die "no apt source of this system serves bookworm main, so there is none to take bookworm-backports from; add" \
        "an entry for bookworm-backports to /etc/apt/sources.list.d and try again."
    say "adding $setup_backports_source (bookworm-backports, from the mirror that serves bookworm here)"
    setup_as_root tee "$setup_backports_source" >/dev/null <<<"$entry"
  fi
  if ! setup_backports_pin_text | cmp -s - "$setup_backports_pin"; then
    say "adding $setup_backports_pin (only ngtcp2 and its libraries are taken from backports)"
    setup_backports_pin_text | setup_as_root tee "$setup_backports_pin" >/dev/null
  fi
}

# setup_install GROUP: everything that GROUP (run, test, bench) needs. Silent and quick when all is there.
setup_install() {
  local group=$1 codename boost clang_runtime qemu
  local -a missing
  setup_read_system
  case $group in
    run | test | bench) ;;
    *) die "there is no package group '$group'; the groups are run, test and bench" ;;
  esac
  mapfile -t missing < <("setup_packages_$group" | setup_missing)
  if [[ ${#missing[@]} == 0 ]]; then return 0; fi

  say "installing with apt (without recommended packages): ${missing[*]}"
  if [[ $codename == bookworm && " ${missing[*]} " == *ngtcp2* ]]; then setup_add_backports; fi
  setup_apt_get update || say "apt-get update reported errors; going on with the package lists there are"
  setup_apt_get install -y --no-install-recommends "${missing[@]}" ||
    die "apt-get could not install: ${missing[*]}. Its message above says why; './dev $group' can be run again."
}
