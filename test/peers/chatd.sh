#!/bin/bash
# chatd.sh PORT [DIR]: libtelnet's telnet-chatd on 127.0.0.1:PORT. It offers MCCP2, and ECHO behind its prompt for a name. It sends what is said to all,
# to him who said it too, as `NAME: LINE`. It exits when a client leaves badly; it is then started again.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
port=${1:?usage: chatd.sh PORT [DIR]}
open_folder "${2:-}"
finish() {
  trap '' TERM INT
  end_walled
  drop_folder
}
trap 'finish; exit 0' TERM INT
trap finish EXIT

walled "$port" 'while :; do telnet-chatd $inside; sleep .1; done'
greets() { timeout 3 bash -c "exec 3<>/dev/tcp/127.0.0.1/$port; head -c 14 <&3 | grep -aq Enter" 2>/dev/null; }
await 30 greets || { echo "chatd does not greet on port $port" >&2; cat "$folder"/*.log >&2; exit 1; }
echo "ready $port"
stay_with "$walled"
