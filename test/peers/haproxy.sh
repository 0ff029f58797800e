#!/bin/bash
# haproxy.sh PORT [DIR] UPSTREAM v1|v2|none [BACK]: HAProxy on 127.0.0.1. What comes in on PORT goes to 127.0.0.1:UPSTREAM behind a PROXY header of that
# version, and is checked by one five times a second. PORT+1 is the same by TLS, with the certificate and key of DIR/haproxy.pem, which is made if it is not
# there; version 2 says then what HAProxy knows of TLS, a unique id and a checksum. PORT+2 wants a PROXY header, and passes on to 127.0.0.1:BACK a header of version 1 that
# says what it has understood. PORT+3 wants a PROXY header and then TLS, and passes on what was said to UPSTREAM. DIR/haproxy.log is what HAProxy says.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
port=${1:?usage: haproxy.sh PORT DIR UPSTREAM v1|v2|none [BACK]}
upstream=${3:?}; version=${4:-v2}; back=${5:-$upstream}
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
if [ ! -e haproxy.pem ]; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 7 -subj /CN=haproxy.example -keyout key.pem -out cert.pem 2>openssl.log
  cat cert.pem key.pem >haproxy.pem
fi
case $version in
  v1) send='send-proxy check-send-proxy' ;;
  v2) send='send-proxy-v2 check-send-proxy proxy-v2-options unique-id,crc32c' ;;
  *) send= ;;
esac
tls=$send
[ "$version" != v2 ] || tls='send-proxy-v2 proxy-v2-options ssl,cert-cn,ssl-cipher,authority,unique-id,crc32c'
cat >haproxy.cfg <<C
global
  maxconn 1000
defaults
  mode tcp
  timeout connect 10s
  timeout client 1h
  timeout server 1h
  unique-id-format id-%ci-%cp
listen plain
  bind 127.0.0.1:$port
  server up 127.0.0.1:$upstream $send check inter 200ms
listen tls
  bind 127.0.0.1:$((port + 1)) ssl crt $folder/haproxy.pem
  server up 127.0.0.1:$upstream $tls
listen told
  bind 127.0.0.1:$((port + 2)) accept-proxy
  server up 127.0.0.1:$back send-proxy
listen both
  bind 127.0.0.1:$((port + 3)) accept-proxy ssl crt $folder/haproxy.pem
  server up 127.0.0.1:$upstream
C
haproxy -db -f haproxy.cfg >haproxy.log 2>&1 </dev/null &
child=$!
opened() { listening "$port" && listening $((port + 1)) && listening $((port + 2)) && listening $((port + 3)); }
await 30 opened || { echo "HAProxy does not listen on port $port" >&2; cat haproxy.log >&2; exit 1; }
echo "ready $port"
stay_with "$child"
