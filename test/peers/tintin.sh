#!/bin/bash
# tintin.sh PORT SCRIPT [DIR]: tintin++, a real client, in a terminal of its own (tmux), typed into as a person would. Prints `ready PORT` once it runs.
# SCRIPT is as `type_script` of lib.sh reads it; exit 1 if a text that it waits for has not come. In DIR (default: a temporary one) is its terminal.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
port=${1:?usage: tintin.sh PORT SCRIPT [DIR]}
script=$(realpath "${2:?usage: tintin.sh PORT SCRIPT [DIR]}")
open_folder "${3:-}"
finish() {
  trap '' TERM INT
  end_terminal
  drop_folder
}
trap 'finish; exit 0' TERM INT
trap finish EXIT

printf '#session peer 127.0.0.1 %s\n' "$port" >"$folder/run.tin"
terminal new-session -d -x 120 -y 50 "/usr/games/tt++ -G -r '$folder/run.tin'"
echo "ready $port"
type_script "$script" || exit 1
