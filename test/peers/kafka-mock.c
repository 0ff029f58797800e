/* A mock Kafka cluster (librdkafka's own) that can be made to fail.
 *   kafka-mock FILE BROKERS PARTITIONS TOPIC...     writes `HOST:PORT,...` into FILE, then obeys lines on standard input and answers `ok LINE`:
 *   down N | up N           stop or start broker N
 *   rtt N MS                broker N answers after MS milliseconds
 *   err APIKEY COUNT CODE   the next COUNT requests of that API are answered with that error (Produce is API key 0)
 *   leader TOPIC P N        partition P of TOPIC is led by broker N
 * It ends when standard input does. Build: cc -o kafka-mock kafka-mock.c -lrdkafka   (Debian: librdkafka-dev) */
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>
#include <stdlib.h>

static int obey(rd_kafka_mock_cluster_t *cluster, const char *line) {
  char topic[128];
  int a, b, c;
  if (sscanf(line, "down %d", &a) == 1) return !rd_kafka_mock_broker_set_down(cluster, a);
  if (sscanf(line, "up %d", &a) == 1) return !rd_kafka_mock_broker_set_up(cluster, a);
  if (sscanf(line, "rtt %d %d", &a, &b) == 2) return !rd_kafka_mock_broker_set_rtt(cluster, a, b);
  if (sscanf(line, "leader %127s %d %d", topic, &a, &b) == 3) return !rd_kafka_mock_partition_set_leader(cluster, topic, a, b);
  if (sscanf(line, "err %d %d %d", &a, &b, &c) != 3) return 0;
  while (b-- > 0) rd_kafka_mock_push_request_errors(cluster, (int16_t)a, 1, c);
  return 1;
}

int main(int argc, char **argv) {
  char why[512], line[256];
  if (argc < 5) { fprintf(stderr, "usage: kafka-mock FILE BROKERS PARTITIONS TOPIC...\n"); return 2; }
  int brokers = atoi(argv[2]), partitions = atoi(argv[3]);
  rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), why, sizeof why);
  if (!client) { fprintf(stderr, "%s\n", why); return 1; }
  rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(client, brokers);
  if (!cluster) { fprintf(stderr, "no mock cluster\n"); return 1; }
  for (int i = 4; i < argc; i++) rd_kafka_mock_topic_create(cluster, argv[i], partitions, brokers);
  FILE *file = fopen(argv[1], "w");
  if (!file) { perror(argv[1]); return 1; }
  fprintf(file, "%s\n", rd_kafka_mock_cluster_bootstraps(cluster));
  fclose(file);
  while (fgets(line, sizeof line, stdin)) {
    printf("%s %s", obey(cluster, line) ? "ok" : "no", line);
    fflush(stdout);
  }
  rd_kafka_mock_cluster_destroy(cluster);
  rd_kafka_destroy(client);
  return 0;
}
