#!/bin/bash
# chatd.sh PORT [DIR]: libtelnet's telnet-chatd on 127.0.0.1:PORT. It offers MCCP2, and ECHO behind its prompt for a name, which it never sends back.
# It binds every address, so it runs in a network namespace of its own, if the kernel lets us make one, and a unix socket in DIR carries the bytes.
# It exits when a client leaves badly; it is then started again.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
port=${1:?usage: chatd.sh PORT [DIR]}
inner=0
outer=0
open_folder "${2:-}"
finish() {
  trap '' TERM INT
  end_process "$outer"
  end_process "$inner"
  drop_folder
}
trap 'finish; exit 0' TERM INT
trap finish EXIT

cat >"$folder/inside" <<'I'
#!/bin/bash
# inside PORT [SOCKET]: chatd again and again; with SOCKET, a way to it from outside this network namespace.
chatd=0
way=0
trap 'kill $chatd $way 2>/dev/null; exit 0' TERM INT
if [ -n "${2:-}" ]; then
  ip link set lo up
  socat "UNIX-LISTEN:$2,fork" "TCP:127.0.0.1:$1,retry=50,interval=0.1" &
  way=$!
fi
while :; do
  telnet-chatd "$1" &
  chatd=$!
  wait "$chatd"
  sleep .1
done
I
run_inside() { "$@" >"$folder/chatd.log" 2>&1 </dev/null & inner=$!; }
if unshare -rn true 2>/dev/null; then
  run_inside unshare -rn bash "$folder/inside" 7000 "$folder/chatd.sock"
  await 30 test -S "$folder/chatd.sock" || { echo "chatd did not start" >&2; cat "$folder/chatd.log" >&2; exit 1; }
  socat "TCP-LISTEN:$port,bind=127.0.0.1,reuseaddr,fork" "UNIX-CONNECT:$folder/chatd.sock" >"$folder/socat.log" 2>&1 </dev/null &
  outer=$!
else
  run_inside bash "$folder/inside" "$port"
fi
greets() { timeout 3 bash -c "exec 3<>/dev/tcp/127.0.0.1/$port; grep -aqm1 Enter <(head -c 14 <&3)"; }
await 30 greets || { echo "chatd does not greet on port $port" >&2; cat "$folder/chatd.log" >&2; exit 1; }
echo "ready $port"
stay_with "$inner"
