#!/bin/bash
# opensearch.sh PORT [DIR]: a real OpenSearch 2.19 node on 127.0.0.1 (Java 17). HTTP on PORT (`_bulk`, `_search`), transport on PORT+1.
# DIR (default: a temporary one) is kept: end it or kill -9 it, start it again on DIR, and it goes on with what it had. DIR/pid is the node.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
port=${1:?usage: opensearch.sh PORT [DIR]}
[ -e "$opensearch_jars/done" ] || { echo 'opensearch is not installed; run test/peers/install.sh' >&2; exit 1; }
child=0
open_folder "${2:-}"
finish() {
  trap '' TERM INT
  end_process "$child"
  drop_folder
}
trap 'finish; exit 0' TERM INT
trap finish EXIT

# A killed node leaves the lock of its folder to the kernel: nothing is to be tidied.
java -Xms256m -Xmx768m -XX:TieredStopAtLevel=1 -Djava.net.preferIPv4Stack=true -cp "$opensearch_jars/classes:$opensearch_jars/*" \
  OpenSearchPeer "$port" "$folder" 2>>"$folder/opensearch.log" &
child=$!
echo "$child" >"$folder/pid"
stay_with "$child"
