#!/bin/bash
# tinymux.sh PORT [DIR]: TinyMUX 2.12 on 127.0.0.1:PORT with a fresh world in DIR (default: a temporary one). Log in with `connect wizard potrzebie`.
# It negotiates EOR, TTYPE, NAWS, NEW-ENVIRON and CHARSET, and takes the password inline, with no ECHO at all.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
port=${1:?usage: tinymux.sh PORT [DIR]}
child=0
open_folder "${2:-}"
finish() {
  trap '' TERM INT
  end_process "$child"
  drop_folder
}
trap 'finish; exit 0' TERM INT
trap finish EXIT

cd "$folder"
[ -d tinymux/game ] || yes '' 2>/dev/null | /usr/games/tinymux-install >install.log 2>&1 || true
cd tinymux/game
sed -i -E '/^(port|ip_address)[[:space:]]/d' netmux.conf
printf 'port %s\nip_address 127.0.0.1\n' "$port" >>netmux.conf
LD_LIBRARY_PATH=./bin ./bin/netmux -c netmux.conf -p netmux.pid -e - >mux.out 2>&1 </dev/null &
child=$!
await 30 listening "$port" || { echo "tinymux did not open port $port" >&2; tail -5 mux.out >&2; exit 1; }
echo "ready $port"
stay_with "$child"
