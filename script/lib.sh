# Functions for the scripts of this folder (POSIX sh; sourced, not run).

say() { echo "$*" >&2; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

require_node() {
  major=$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)
  if [ "$major" -lt 20 ] || ! command -v npm >/dev/null; then
    say "Longshore needs Node.js 20 or later with npm to start (it brings its own Node 24 for itself)."
    say "Install it from your distribution or from nodejs.org, then run this script again."
    exit 1
  fi
}

# install_packages WHY PACKAGE... : installs those Debian or Ubuntu packages that are missing, with a word about it first.
install_packages() {
  why=$1
  shift
  missing=""
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q '^install ok installed' || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  if ! command -v apt-get >/dev/null; then
    say "These packages are needed ($why):$missing. Install them with your package manager, then run this again."
    exit 1
  fi
  say "Installing from the distribution's packages ($why):$missing"
  [ -n "$(find /var/lib/apt/lists -name '*Packages*' -print -quit 2>/dev/null)" ] || as_root apt-get update -qq
  # A list that is too old names files that are gone: refresh it and try once more.
  # shellcheck disable=SC2086
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null 2>&1 ||
    { as_root apt-get update -qq && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null; }
}

# optional_packages WHY PACKAGE... : the same, but what the distribution does not have is left out with a word.
optional_packages() {
  why=$1
  shift
  for package in "$@"; do
    (install_packages "$why" "$package") || say "$package is not to be had here; what needs it is skipped ($why)."
  done
}

docker_answers() {
  [ -S /var/run/docker.sock ] && curl -fsS --max-time 5 --unix-socket /var/run/docker.sock http://docker/_ping >/dev/null 2>&1
}

# Starts the Docker Engine unless it answers; sets started_dockerd to its process id if this function started the process.
ensure_dockerd() {
  started_dockerd=""
  docker_answers && return 0
  if [ -d /run/systemd/system ]; then
    say "Starting the Docker Engine (systemctl start docker) ..."
    as_root systemctl start docker
  else
    say "Starting the Docker Engine (dockerd; log in /var/log/dockerd-longshore.log) ..."
    as_root sh -c 'rm -f /var/run/docker.pid; nohup dockerd >/var/log/dockerd-longshore.log 2>&1 </dev/null & echo $! >/var/run/dockerd-longshore.pid'
    started_dockerd=$(cat /var/run/dockerd-longshore.pid)
  fi
  tries=0
  until docker_answers; do
    tries=$((tries + 1))
    if [ "$tries" -gt 120 ]; then
      say "The Docker Engine does not answer after 60 s. Its log: journalctl -u docker, or /var/log/dockerd-longshore.log"
      exit 1
    fi
    sleep 0.5
  done
}

stop_started_dockerd() {
  [ -n "${started_dockerd:-}" ] || return 0
  as_root kill "$started_dockerd" 2>/dev/null || return 0
  tries=0
  while as_root kill -0 "$started_dockerd" 2>/dev/null && [ "$tries" -lt 60 ]; do
    tries=$((tries + 1))
    sleep 0.5
  done
}
