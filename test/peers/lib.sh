# Sourced by the scripts of this folder. Says where things are kept, waits for ports, and ends a peer with whoever started it.

cache=${XDG_CACHE_HOME:-$HOME/.cache}/wirescribe-peers
evennia_venv=$cache/evennia-5.0.1
evennia_game=$cache/evennia-5.0.1-game
telnetd_root=$cache/telnetd
telnet_ssl_root=$cache/telnet-ssl
opensearch_jars=$cache/opensearch-2.19.3
kafka_jars=$cache/kafka-4.1.1
kafka_mock=$cache/kafka-mock
webclient_scripts=$cache/webclient

# True while something listens on 127.0.0.1:$1. Reads the kernel's table, so that the peer sees no extra session.
listening() { grep -q " 0100007F:$(printf %04X "$1") 00000000:0000 0A " /proc/net/tcp; }
# await SECONDS COMMAND...: runs COMMAND until it is true; false once the time is over.
await() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep .1
  done
}

# Sets $folder: $1 if given, else a new one, which `drop_folder` removes at the end, with the sleep of `stay_with`.
open_folder() {
  folder=${1:-}
  temporary=
  sleeper=
  [ -n "$folder" ] || temporary=$(mktemp -d "${TMPDIR:-/tmp}/wirescribe-peer-XXXXXX")
  folder=${folder:-$temporary}
  mkdir -p "$folder"
  folder=$(cd "$folder" && pwd)
}
drop_folder() {
  cd /
  kill "$sleeper" 2>/dev/null || true
  [ -z "$temporary" ] || rm -rf "$temporary"
}

# walled PORT LINE: runs a line of bash whose server binds port $inside of every address, and cannot be told otherwise. It gets network and processes of
# its own, where the kernel lets us make such, and 127.0.0.1:PORT leads to it, over a socket in $folder; else it runs as it is, on PORT.
walled=0
way=0
walled() {
  cd "$folder"
  if unshare -rnpf --kill-child ip link set lo up 2>/dev/null; then
    inside=7000 unshare -rnpf --kill-child bash -c "ip link set lo up; socat UNIX-LISTEN:wall,fork TCP:127.0.0.1:7000 & $2" >wall.log 2>&1 </dev/null &
    walled=$!
    await 30 test -S wall
    socat "TCP-LISTEN:$1,bind=127.0.0.1,reuseaddr,fork" UNIX-CONNECT:wall >way.log 2>&1 </dev/null &
    way=$!
  else
    inside=$1 bash -c "$2" >wall.log 2>&1 </dev/null &
    walled=$!
  fi
}
end_walled() {
  end_process "$way"
  [ "$walled" = 0 ] || pkill -KILL -P "$walled" 2>/dev/null || true # unshare's child, and with it all that it started
  [ "$walled" = 0 ] || kill -KILL "$walled" 2>/dev/null || true
}

# A terminal for a program that wants one, kept in $folder: `terminal` takes tmux's commands.
terminal() { TERM=xterm tmux -S "$folder/tmux" -f /dev/null "$@"; }
end_terminal() {
  local server
  server=$(terminal display-message -p '#{pid}' 2>/dev/null) || server=0
  terminal kill-server 2>/dev/null || true
  end_process "$server"
}

# type_script FILE: types into the terminal. A line of FILE is `TEXT<tab>KEYS`: once TEXT is on the screen, the keys are typed (`\x7f`, `\t` and such are
# keys, too) and Enter; no KEYS: it only waits. The last screen goes to stdout. False if a TEXT has not come within 20 seconds.
type_script() {
  local text keys
  while IFS=$'\t' read -r text keys || [ -n "$text" ]; do
    await 20 shows "$text" || { echo "the screen does not show: $text" >&2; cat "$folder/screen" >&2; return 1; }
    [ -n "$keys" ] || continue
    terminal send-keys -l -- "$(printf %b "$keys")"
    terminal send-keys Enter
  done <"$1"
  screen
  cat "$folder/screen"
}
screen() { terminal capture-pane -p -J -S -500 >"$folder/screen" 2>/dev/null; }
shows() { screen && grep -qF -- "$1" "$folder/screen"; }

alive() { kill -0 "$1" 2>/dev/null; }

# Ends process $1: asks, and after ten seconds no longer asks. Process 0 is none.
end_process() {
  [ "${1:-0}" -gt 0 ] && alive "$1" || return 0
  kill "$1" 2>/dev/null || true
  await 10 gone "$1" || kill -KILL "$1" 2>/dev/null || true
}
gone() { ! alive "$1" || [ "$(ps -o stat= -p "$1" 2>/dev/null | cut -c1)" = Z ]; }

# Returns when process $1 has ended, or whoever started this script has: a killed test run leaves no peer behind.
stay_with() {
  while alive "$1" && alive "$PPID"; do
    sleep 1 &
    sleeper=$!
    wait "$sleeper" || true
  done
}
