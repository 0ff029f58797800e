#!/bin/bash
# telnetd.sh PORT [DIR]: inetutils-telnetd on 127.0.0.1:PORT, with a home in DIR (default: a temporary one). Log in as `alice` with `S3cretWord9`.
# Its login(1) is a script of ours, so that no user has to be made: it asks as login does, and gives the right password bash with line editing,
# history and completion; a wrong one three times ends the session. ECHO and SGA stay on from first to last: only the absence of echo marks the password.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
port=${1:?usage: telnetd.sh PORT [DIR]}
telnetd=$telnetd_root/usr/sbin/telnetd
[ -x "$telnetd" ] || { echo 'telnetd is not installed; run test/peers/install.sh' >&2; exit 1; }
child=0
open_folder "${2:-}"
finish() {
  trap '' TERM INT
  end_process "$child"
  drop_folder
}
trap 'finish; exit 0' TERM INT
trap finish EXIT

mkdir -p "$folder/home"
printf 'a letter to nobody\n' >"$folder/home/letter-to-nobody.txt"
cat >"$folder/login" <<'L'
#!/bin/bash
cd "$(dirname "$0")/home"
for try in 1 2 3; do
  printf 'wire login: '
  IFS= read -r name || exit
  stty -echo
  printf 'Password: '
  IFS= read -r password || exit
  stty echo
  printf '\n'
  if [ "$name" = alice ] && [ "$password" = S3cretWord9 ]; then
    printf 'Welcome to wire, %s.\n' "$name"
    unset password
    exec env -i PATH=/usr/bin:/bin HOME="$PWD" HISTFILE= INPUTRC=/dev/null LC_ALL=C.UTF-8 TERM="${TERM:-dumb}" PS1='wire$ ' bash --noprofile --norc -i
  fi
  printf 'Login incorrect\n'
done
L
chmod +x "$folder/login"
socat "TCP-LISTEN:$port,bind=127.0.0.1,reuseaddr,fork" "EXEC:$telnetd -h -E $folder/login,nofork" >"$folder/socat.log" 2>&1 </dev/null &
child=$!
await 30 listening "$port" || { echo "telnetd's port $port did not open" >&2; cat "$folder/socat.log" >&2; exit 1; }
echo "ready $port"
stay_with "$child"
