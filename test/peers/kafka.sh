#!/bin/bash
# kafka.sh PORT [DIR]: a real Apache Kafka 4.1 on 127.0.0.1, one KRaft broker (Java 17). PORT is plain, PORT+1 its controller, PORT+2 SASL_SSL
# (SCRAM-SHA-256, SCRAM-SHA-512 and PLAIN; user `audit`, password `audit-secret`; CA in DIR/ca.pem). Topics do not make themselves.
# DIR (default: a temporary one) is kept: end it or kill -9 it, start it again on DIR, and it goes on with what it had. DIR/pid is the broker.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
port=${1:?usage: kafka.sh PORT [DIR]}
[ -e "$kafka_jars/done" ] || { echo 'kafka is not installed; run test/peers/install.sh' >&2; exit 1; }
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
java=(java -Xmx512m -XX:TieredStopAtLevel=1 -Djava.net.preferIPv4Stack=true -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$kafka_jars/*")

make_certificates() {
  umask 077
  openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=wirescribe-peers -keyout ca.key -out ca.pem
  openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout broker.key -out broker.csr
  echo 'subjectAltName=DNS:localhost,IP:127.0.0.1' >broker.ext
  openssl x509 -req -days 30 -in broker.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile broker.ext -out broker.crt
  cat broker.key broker.crt >broker.pem
}

cat >server.properties <<P
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$((port + 1))
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$((port + 1)),SASL_SSL://127.0.0.1:$((port + 2))
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL
sasl.enabled.mechanisms=SCRAM-SHA-256,SCRAM-SHA-512,PLAIN
listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_audit="audit-secret";
listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
ssl.keystore.type=PEM
ssl.keystore.location=$folder/broker.pem
log.dirs=$folder/data
num.partitions=3
auto.create.topics.enable=false
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
P

if [ ! -e data/meta.properties ]; then
  (make_certificates) >openssl.log 2>&1 || { cat openssl.log >&2; exit 1; }
  "${java[@]}" kafka.tools.StorageTool format -t "$(head -c 16 /dev/urandom | base64 | tr '+/' AB | cut -c 1-22)" -c server.properties \
    -S 'SCRAM-SHA-256=[name=audit,password=audit-secret]' -S 'SCRAM-SHA-512=[name=audit,password=audit-secret]' >format.log 2>&1 ||
    { cat format.log >&2; exit 1; }
fi

"${java[@]}" kafka.Kafka server.properties >>kafka.log 2>&1 </dev/null &
child=$!
echo "$child" >pid
up() { listening "$port" && listening $((port + 2)) || ! alive "$child"; }
await 60 up && alive "$child" || { echo "kafka did not open port $port" >&2; tail -5 kafka.log >&2; exit 1; }
echo "ready $port"
stay_with "$child"
