# shellcheck shell=bash
# What bench and test share: the controller's environment, and the Debian packages it lacks.
# Sourced, with `here` set to the repository's folder. Run again, it does only what is left.

export LC_ALL=C.UTF-8 # Ansible refuses anything but UTF-8
export ANSIBLE_CONFIG=${here:?}/ansible.cfg
export UV_PYTHON_DOWNLOADS=never # the controller's Python is the distribution's
export UV_SYSTEM_CERTS=true      # trust what this machine trusts
export GOTOOLCHAIN=local         # the pinned toolchain, not one that go.mod asks for

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() {
  say "$*"
  exit 1
}

# need PROGRAM=PACKAGE... : install the Debian packages of those programs (or files) that are missing
need() {
  local pair missing=()
  for pair; do
    [[ -e ${pair%%=*} ]] || PATH=$PATH:/usr/sbin:/sbin command -v "${pair%%=*}" >/dev/null || missing+=("${pair#*=}")
  done
  [[ ${#missing[@]} -eq 0 ]] || install_packages "${missing[@]}"
}

install_packages() {
  local as_root=() by_hand="apt-get install --no-install-recommends $*"
  command -v apt-get >/dev/null || die "Missing on this machine are what Debian calls: $*"
  if [[ $EUID -ne 0 ]]; then
    command -v sudo >/dev/null || die "Missing packages, and no sudo to install them; as root: $by_hand"
    as_root=(sudo)
  fi
  say "Installing Debian packages: $*"
  "${as_root[@]}" apt-get update -qq >&2 || true # one broken source of many does not matter
  if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive DEBCONF_NOWARNINGS=yes \
    apt-get install -qq --yes --no-install-recommends -o Dpkg::Use-Pty=0 "$@" </dev/null >/dev/null; then
    die "The packages could not be installed; as root: apt-get update && $by_hand"
  fi
}

# Prints the real path of the first Python that is new enough; uv trips over shims.
find_python() {
  local name
  for name in python3 python3.13 python3.12 python3.11 python3.14; do
    "$name" -c 'import sys; sys.version_info >= (3, 11) or sys.exit(1); print(sys.executable)' \
      2>/dev/null && return
  done
  return 1
}

lock_stamp() { # LOCK ENVIRONMENT
  sha256sum <"$1" && "$2/bin/python" --version
}

# environment FOLDER LOCK : a virtual environment with exactly what the lock file lists
environment() {
  local venv=$here/$1 lock=$here/$2
  (
    flock 9 # two at once would build it twice
    [[ $(lock_stamp "$lock" "$venv" 2>/dev/null) == "$(cat "$venv/.stamp" 2>/dev/null)" ]] ||
      make_environment "$venv" "$lock"
  ) 9<"$here"
}

make_environment() {
  local venv=$1 lock=$2 python
  command -v python3 >/dev/null || install_packages python3 python3-venv
  python=$(find_python) ||
    die "Python 3.11 or newer is needed here; $(command -v python3) is $(python3 --version 2>&1)."
  say "Setting up ${venv##*/} with $("$python" --version) ..."
  if ! "$venv/bin/uv" --version &>/dev/null || ! "$venv/bin/python" --version &>/dev/null; then
    # Debian ships venv without the part that makes one
    "$python" -c 'import ensurepip' 2>/dev/null || install_packages python3-venv
    "$python" -m venv --clear "$venv"
    # the lines of uv alone, so that uv, too, is checked against its hashes
    awk '/^uv==/ {on = 1} on {print; if (!/\\$/) exit}' "$lock" >"$venv/uv.txt"
    # what the user's pip.conf or environment says of other places is not meant for this one
    env -u PIP_TARGET PIP_USER=0 "$venv/bin/python" -m pip --quiet --disable-pip-version-check --no-input install --prefix "$venv" \
      --require-hashes --requirement "$venv/uv.txt"
  fi
  "$venv/bin/uv" --quiet pip sync --require-hashes --python "$venv/bin/python" "$lock"
  # Ansible's plugins, which are loaded by path, import pipebench from here
  echo "$here" >"$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/pipebench.pth"
  lock_stamp "$lock" "$venv" >"$venv/.stamp"
}
