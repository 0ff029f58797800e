#!/bin/bash
# tintin-server.sh PORT [DIR]: tintin++ as a server (#port) on 127.0.0.1:PORT, in a terminal of its own. It offers MCCP2, MCCP3, MSDP, MSSP, GMCP and
# more, asks for a name and, with WILL ECHO, for a password (any will do), and then sends back what it is told: `You said, "LINE"`. One player at a time.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
port=${1:?usage: tintin-server.sh PORT [DIR]}
open_folder "${2:-}"
finish() {
  trap '' TERM INT
  terminal kill-server 2>/dev/null || true
  end_walled
  drop_folder
}
trap 'finish; exit 0' TERM INT
trap finish EXIT

# In the events: %0 the player, %3 the line; `\` at the end: no line end behind it.
cat >"$folder/server.tin" <<'T'
#event {PORT CONNECTION} {#variable state name;#delay {0.5} {#port send {%0} {Who are you? \}}}
#event {PORT RECEIVED MESSAGE} {
  #switch {"$state"} {
    #case {"name"} {#variable state password;#port send {%0} {Password: \xFF\xFB\x01\}};
    #case {"password"} {#variable state in;#port send {%0} {\xFF\xFC\x01\nWelcome.}};
    #default {#port send {%0} {You said, "%3"}}
  }
}
T
walled "$port" 'echo "#port init game $inside" >>server.tin; export TERM=xterm
  tmux -S tmux -f /dev/null new-session -d -x 120 -y 50 "/usr/games/tt++ -G -r server.tin"; while tmux -S tmux has-session; do sleep 1; done'
greets() { timeout 3 bash -c "exec 3<>/dev/tcp/127.0.0.1/$port; head -c 40 <&3 | grep -aq Who" 2>/dev/null; }
await 30 greets || { echo "tintin++ does not greet on port $port" >&2; cat "$folder"/*.log >&2; exit 1; }
echo "ready $port"
stay_with "$walled"
