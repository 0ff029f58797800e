#!/bin/bash
# tintin.sh PORT SCRIPT [DIR]: tintin++, a real client, in a terminal of its own (tmux), typed into as a person would. Prints `ready PORT` once it runs.
# A line of SCRIPT is `TEXT<tab>LINE`: once TEXT is on the screen, LINE is typed; an empty LINE only waits. The last screen goes to stdout.
# Exit 1 if a TEXT has not come within 20 seconds. In DIR (default: a temporary one) it keeps its terminal's socket.
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
screen() { terminal capture-pane -p -J -S -500 >"$folder/screen" 2>/dev/null; }
shows() { screen && grep -qF -- "$1" "$folder/screen"; }
while IFS=$'\t' read -r text line || [ -n "$text" ]; do
  await 20 shows "$text" || { echo "tintin++ was not shown: $text" >&2; cat "$folder/screen" >&2; exit 1; }
  [ -n "$line" ] || continue
  terminal send-keys -l -- "$line"
  terminal send-keys Enter
done <"$script"
screen
cat "$folder/screen"
