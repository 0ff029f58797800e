#!/bin/bash
# evennia.sh PORT [DIR] [audit | ws://HOST:PORT]: Evennia 5 on 127.0.0.1: telnet on PORT, WebSocket on PORT+1, web client on PORT+2; PORT+3 and PORT+4 are its own.
# Log in with `connect wizard potrzebie-9`, once its greeting is there: what is typed during its handshake, about a second, it drops.
# With a URL its web client connects there in place of PORT+1.
# `audit` turns on its own auditing contrib, which writes DIR/game/server/logs/audit_DATE.log: the record to be better than.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
port=${1:?usage: evennia.sh PORT [DIR] [audit]}
[ -e "$evennia_venv/done" ] || { echo 'Evennia is not installed; run test/peers/install.sh' >&2; exit 1; }
export PATH="$evennia_venv/bin:$PATH"
export EVENNIA_SUPERUSER_USERNAME=wizard EVENNIA_SUPERUSER_PASSWORD=potrzebie-9 EVENNIA_SUPERUSER_EMAIL=wizard@example.test
starting=0
open_folder "${2:-}"
pid_of() { cat "$folder/game/server/$1.pid" 2>/dev/null || echo 0; }
finish() {
  trap '' TERM INT
  end_process "$starting"
  end_process "$(pid_of portal)"
  end_process "$(pid_of server)"
  drop_folder
}
trap 'finish; exit 0' TERM INT
trap finish EXIT

# Runs Evennia's launcher so that SIGTERM is not put off until it ends.
launch() {
  evennia "$@" >"$folder/$1.log" 2>&1 </dev/null &
  starting=$!
  wait "$starting" || return 1
  starting=0
}

cd "$folder"
if [ ! -d game ] && [ -d "$evennia_game/game" ]; then cp -r "$evennia_game/game" game; fi
[ -d game ] || evennia --init game >init.log 2>&1 </dev/null
cd game
rm -f server/*.pid server/logs/*.log
cat >server/conf/secret_settings.py <<P
SECRET_KEY = 'a key for tests on loopback only'
TELNET_PORTS = [$port]; TELNET_INTERFACES = ['127.0.0.1']
WEBSOCKET_CLIENT_PORT = $((port + 1)); WEBSOCKET_CLIENT_INTERFACE = '127.0.0.1'
WEBSERVER_PORTS = [($((port + 2)), $((port + 3)))]; WEBSERVER_INTERFACES = ['127.0.0.1']
AMP_PORT = $((port + 4)); AMP_HOST = AMP_INTERFACE = '127.0.0.1'
GAME_INDEX_ENABLED = False
P
[[ "${3:-}" != ws://* ]] || echo "WEBSOCKET_CLIENT_URL = '$3'" >>server/conf/secret_settings.py
[ "${3:-}" = audit ] && cat >>server/conf/secret_settings.py <<'P'
SERVER_SESSION_CLASS = 'evennia.contrib.utils.auditing.server.AuditedServerSession'
AUDIT_CALLBACK = 'evennia.contrib.utils.auditing.outputs.to_file'
AUDIT_IN = True; AUDIT_OUT = True; AUDIT_ALLOW_SPARSE = False
P
first=
[ -e server/evennia.db3 ] || { first=1; launch migrate; }
launch start || { tail -20 "$folder/start.log" >&2; exit 1; }
await 60 listening "$port" || { tail -20 "$folder/start.log" server/logs/*.log >&2; exit 1; }
restarted() { grep -q "restarted in 'reset' mode" server/logs/server.log 2>/dev/null; }
[ -z "$first" ] || await 60 restarted || true # a new game's server restarts once, on its own
greets() { timeout 3 bash -c "exec 3<>/dev/tcp/127.0.0.1/$port; grep -aqm1 connect <&3"; }
await 30 greets || { echo "Evennia does not greet on port $port" >&2; exit 1; } # the portal accepts before the server does
echo "ready $port"
stay_with "$(pid_of portal)"
