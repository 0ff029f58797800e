#!/bin/bash
# telnet.sh PORT SCRIPT [DIR]: inetutils' telnet, a real client, in a terminal of its own (tmux), typed into as a person would: with a server that has
# ECHO and SGA on it sends each key as it comes. Prints `ready PORT` once it runs. SCRIPT, DIR and exit as tintin.sh's.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
port=${1:?usage: telnet.sh PORT SCRIPT [DIR]}
script=$(realpath "${2:?usage: telnet.sh PORT SCRIPT [DIR]}")
open_folder "${3:-}"
finish() {
  trap '' TERM INT
  end_terminal
  drop_folder
}
trap 'finish; exit 0' TERM INT
trap finish EXIT

terminal new-session -d -x 120 -y 50 "telnet 127.0.0.1 $port"
terminal set-option remain-on-exit on
echo "ready $port"
type_script "$script" || exit 1
