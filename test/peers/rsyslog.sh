#!/bin/bash
# rsyslog.sh PORT [DIR]: rsyslog as a collector on 127.0.0.1. RFC 5424 over tcp and udp on PORT, over tls on PORT+1 (it shows a certificate for
# collector.example of the authority DIR/ca.pem, and wants one of it: DIR/client.pem, DIR/client.key), and the datagram socket DIR/log, as /dev/log is one.
# What it understood stands in DIR/tcp.log, tls.log, udp.log, local.log: PRI, time, host, program, pid, MSGID, structured data, message.
# DIR/pid is its process: killed -9, it is started again, once there is no DIR/down.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
port=${1:?usage: rsyslog.sh PORT [DIR]}
[ -x /usr/sbin/rsyslogd ] || { echo 'rsyslog is not installed; run test/peers/install.sh' >&2; exit 1; }
loop=0
open_folder "${2:-}"
finish() {
  trap '' TERM INT
  [ "$loop" = 0 ] || kill -KILL "$loop" 2>/dev/null || true
  end_process "$(cat "$folder/pid" 2>/dev/null || echo 0)"
  drop_folder
}
trap 'finish; exit 0' TERM INT
trap finish EXIT

# An authority, and two certificates of it.
cd "$folder"
certificate() { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 7 "$@" 2>openssl.log || { cat openssl.log >&2; exit 1; }; }
certificate -subj '/CN=peers authority' -keyout ca.key -out ca.pem
for pair in server:collector.example client:wirescribe; do
  name=${pair%%:*}
  certificate -CA ca.pem -CAkey ca.key -addext "subjectAltName=DNS:${pair#*:}" -addext basicConstraints=CA:FALSE \
    -subj "/CN=${pair#*:}" -keyout "$name.key" -out "$name.pem"
done

# Messages are not queued in memory but written as they are read; and none is cut.
cat >rsyslog.conf <<C
global(
  workDirectory="$folder" maxMessageSize="1m"
  defaultNetstreamDriverCAFile="$folder/ca.pem" defaultNetstreamDriverCertFile="$folder/server.pem" defaultNetstreamDriverKeyFile="$folder/server.key"
)
main_queue(queue.type="Direct")
module(load="imtcp") module(load="imudp") module(load="imuxsock" sysSock.use="off")
template(name="understood" type="string"
  string="%pri% %timestamp:::date-rfc3339% %hostname% %programname% %procid% %msgid% %structured-data% %msg%\n")
ruleset(name="tcp") { action(type="omfile" file="$folder/tcp.log" template="understood") }
ruleset(name="tls") { action(type="omfile" file="$folder/tls.log" template="understood") }
ruleset(name="udp") { action(type="omfile" file="$folder/udp.log" template="understood") }
ruleset(name="local") { action(type="omfile" file="$folder/local.log" template="understood") }
input(type="imtcp" address="127.0.0.1" port="$port" ruleset="tcp")
input(type="imtcp" address="127.0.0.1" port="$((port + 1))" ruleset="tls" streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="x509/certvalid")
input(type="imudp" address="127.0.0.1" port="$port" ruleset="udp")
input(type="imuxsock" socket="$folder/log" ruleset="local" rateLimit.interval="0")
C
while :; do
  rm -f "$folder/log"
  rsyslogd -n -iNONE -f "$folder/rsyslog.conf" >>"$folder/rsyslog.log" 2>&1 </dev/null &
  echo $! >"$folder/pid"
  wait $! || true
  while [ -e "$folder/down" ]; do sleep .1; done
done &
loop=$!
both() { listening "$port" && listening $((port + 1)) && [ -S "$folder/log" ]; }
await 30 both || { echo "rsyslog's ports $port and $((port + 1)) did not open" >&2; cat "$folder/rsyslog.log" >&2; exit 1; }
echo "ready $port"
stay_with "$loop"
