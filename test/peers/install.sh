#!/bin/bash
# Installs the real peers that the tests run against: Debian's packages (needs root for those that are missing), and Evennia from PyPI in a venv of
# its own under ~/.cache, with a game that has been started once, so that tests start a copy of it in seconds. Run again, it does what is left to do.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"

packages=(tinymux tintin++ tmux socat inetutils-telnet libtelnet-utils iproute2 libkrb5-3 procps gcc libc6-dev python3-venv kcat librdkafka-dev openssl)
packages+=(rsyslog rsyslog-openssl openssl haproxy openssh-server openssh-client bsdutils asciinema jq sqlite3)
command -v javac >/dev/null && command -v mvn >/dev/null || packages+=(default-jdk-headless maven)
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ "${#missing[@]}" -gt 0 ] || [ ! -e "$telnetd_root" ] || [ ! -e "$telnet_ssl_root" ]; then
  root=()
  [ "$(id -u)" = 0 ] || root=(sudo)
  "${root[@]}" apt-get update -qq
  [ "${#missing[@]}" = 0 ] || "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

# Its package would bring an inetd with it and open this machine's port 23: the program alone is taken out of it.
if [ ! -e "$telnetd_root" ]; then
  rm -rf "$telnetd_root.new"
  mkdir -p "$telnetd_root.new"
  (cd "$telnetd_root.new" && apt-get -o APT::Sandbox::User= download -qq inetutils-telnetd && dpkg -x inetutils-telnetd_*.deb . && rm inetutils-telnetd_*.deb)
  mv "$telnetd_root.new" "$telnetd_root"
fi

# Its package would take the place of the telnet that other tests type into.
if [ ! -e "$telnet_ssl_root" ]; then
  rm -rf "$telnet_ssl_root.new"
  mkdir -p "$telnet_ssl_root.new"
  (cd "$telnet_ssl_root.new" && apt-get -o APT::Sandbox::User= download -qq telnet-ssl && dpkg -x telnet-ssl_*.deb . && rm telnet-ssl_*.deb)
  mv "$telnet_ssl_root.new" "$telnet_ssl_root"
fi

if [ ! -e "$evennia_venv/done" ]; then
  rm -rf "$evennia_venv"
  python3 -m venv "$evennia_venv"
  "$evennia_venv/bin/pip" install -q --disable-pip-version-check 'evennia==5.0.1'
  touch "$evennia_venv/done"
fi

if [ ! -e "$evennia_game" ]; then
  rm -rf "$evennia_game.new"
  port=24000
  while listening "$port" || listening $((port + 1)) || listening $((port + 2)) || listening $((port + 3)) || listening $((port + 4)); do
    port=$((port + 5))
  done
  coproc evennia { exec bash "$here/evennia.sh" "$port" "$evennia_game.new"; }
  pid=$evennia_PID
  read -r word _ <&"${evennia[0]}" || word=
  kill "$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
  [ "$word" = ready ] || { echo "install.sh: Evennia's first start failed" >&2; exit 1; }
  mv "$evennia_game.new" "$evennia_game"
fi
# What the page of Evennia's web client fetches from hosts that a test does not reach.
if [ ! -e "$webclient_scripts/done" ]; then
  rm -rf "$webclient_scripts"
  mkdir -p "$webclient_scripts"
  (
    cd "$webclient_scripts"
    for script in jquery@3.2.1:dist/jquery.min.js golden-layout@1.5.9:dist/goldenlayout.min.js favico.js@0.3.10:favico-0.3.10.min.js; do
      npm pack --silent "${script%:*}" | xargs tar --warning=no-unknown-keyword -xzf
      mv "package/${script#*:}" .
      rm -rf package ./*.tgz
    done
  )
  touch "$webclient_scripts/done"
fi

# Jars of Apache Maven's central repository that opensearch-pom.xml names, and our few lines that start a node out of them.
if [ ! -e "$opensearch_jars/done" ]; then
  rm -rf "$opensearch_jars"
  mvn -q -B -f "$here/opensearch-pom.xml" dependency:copy-dependencies -DoutputDirectory="$opensearch_jars"
  javac -d "$opensearch_jars/classes" -cp "$opensearch_jars/*" "$here/OpenSearchPeer.java"
  touch "$opensearch_jars/done"
fi

if [ ! -e "$kafka_jars/done" ]; then
  rm -rf "$kafka_jars"
  mvn -q -B -f "$here/kafka-pom.xml" dependency:copy-dependencies -DoutputDirectory="$kafka_jars"
  touch "$kafka_jars/done"
fi
[ "$kafka_mock" -nt "$here/kafka-mock.c" ] || cc -O1 -o "$kafka_mock" "$here/kafka-mock.c" -lrdkafka

echo installed
