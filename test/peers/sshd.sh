#!/bin/bash
# sshd.sh PORT [DIR] COMMAND: OpenSSH's sshd on 127.0.0.1:PORT, for the user that starts it and the key DIR/key alone. Whoever logs in gets COMMAND
# (ForceCommand), which finds what was asked for in SSH_ORIGINAL_COMMAND. DIR/sshd.log is what sshd says.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
port=${1:?usage: sshd.sh PORT DIR COMMAND}
command=${3:?usage: sshd.sh PORT DIR COMMAND}
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
[ -e host ] || { ssh-keygen -q -t ed25519 -N '' -f host; ssh-keygen -q -t ed25519 -N '' -f key; }
install -m 600 key.pub authorized_keys
[ "$(id -u)" != 0 ] || mkdir -p /run/sshd
cat >sshd_config <<C
ListenAddress 127.0.0.1:$port
HostKey $folder/host
AuthorizedKeysFile $folder/authorized_keys
PidFile none
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
UsePAM no
UseDNS no
PrintMotd no
PrintLastLog no
MaxStartups 100
ForceCommand $command
C
/usr/sbin/sshd -D -e -f "$folder/sshd_config" 2>sshd.log &
child=$!
await 30 listening "$port" || { cat sshd.log >&2; exit 1; }
echo "ready $port"
stay_with "$child"
