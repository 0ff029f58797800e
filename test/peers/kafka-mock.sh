#!/bin/bash
# kafka-mock.sh PORT [DIR] BROKERS PARTITIONS TOPIC...: a mock Kafka cluster (librdkafka's own, kafka-mock.c) on 127.0.0.1, to be made to fail. It chooses
# its own ports, and names them in DIR/brokers, `HOST:PORT,...`; PORT is nothing but its name. Lines written to the pipe DIR/control are obeyed and
# answered on stdout with `ok LINE`.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
port=${1:?usage: kafka-mock.sh PORT DIR BROKERS PARTITIONS TOPIC...}
[ -x "$kafka_mock" ] || { echo 'kafka-mock is not installed; run test/peers/install.sh' >&2; exit 1; }
child=0
open_folder "${2:-}"
finish() {
  trap '' TERM INT
  end_process "$child"
  drop_folder
}
trap 'finish; exit 0' TERM INT
trap finish EXIT

mkfifo "$folder/control"
"$kafka_mock" "$folder/brokers" "${@:3}" <>"$folder/control" &
child=$!
await 30 test -s "$folder/brokers" || { echo 'kafka-mock did not start' >&2; exit 1; }
echo "ready $port"
stay_with "$child"
