/*
 * lineload: a line server and a load generator, for measuring proxies of text sessions. One thread each, epoll, loopback.
 *
 *   lineload server PORT LINES
 *       answers every input line with LINES lines of about 80 bytes and a prompt "> " without a line end
 *   lineload client HOST PORT CONNS SECONDS LINES RATE
 *       CONNS sessions; each sends a line and waits for LINES line ends. RATE: requests a second and session, 0 for a closed loop (the next at
 *       once). After SECONDS nothing new is sent, and what is still owed is waited for, at most DRAIN_S. Prints one line of JSON; "sent" counts
 *       every request, the rates and latencies (microseconds, from when a request was due) those answered within SECONDS. Exit 1 if a session
 *       was lost: refused, closed by the other side, or not answered.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_FILES = 65536, MAX_LATENCIES = 20000000, EVENTS = 1024, DRAIN_S = 10 };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static void die(const char *what) {
  perror(what);
  exit(2);
}

static struct sockaddr_in address(const char *host, int port) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
  if (inet_pton(AF_INET, host, &a.sin_addr) != 1) die("address");
  return a;
}

static void make_ready(int fd) {
  int one = 1;
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

static void watch(int epoll, int how, int fd, unsigned events, unsigned tag) {
  struct epoll_event e = {.events = events, .data.u32 = tag};
  epoll_ctl(epoll, how, fd, &e);
}

/* ---- server ---- */

typedef struct {
  char *out; /* what waits to be written: out[off .. len) */
  size_t off, len, room;
} Answer;

static const char *WORDS[] = {
    "A small copper lantern hangs from the beam", "The goblin swings a rusty sword and misses", "You say: well met traveller of the road",
    "Rain falls on the cobbles of the old square", "\033[1;32mExits\033[0m: north, south, east and west"};

static char *make_reply(int lines, size_t *size) {
  char *reply = malloc(lines * 128 + 16);
  size_t n = 0;
  for (int i = 0; i < lines; i++) n += sprintf(reply + n, "%s, tick %06d of the long night.\r\n", WORDS[i % 5], i);
  n += sprintf(reply + n, "> ");
  *size = n;
  return reply;
}

static void append(Answer *a, const char *bytes, size_t size) {
  if (a->len + size > a->room) {
    a->room = (a->len + size) * 2;
    a->out = realloc(a->out, a->room);
    if (!a->out) die("realloc");
  }
  memcpy(a->out + a->len, bytes, size);
  a->len += size;
}

/* Writes what waits; asks to be told of room only while something does. */
static void flush_answer(int epoll, int fd, Answer *a) {
  ssize_t n = write(fd, a->out + a->off, a->len - a->off);
  if (n > 0) a->off += n;
  if (a->off == a->len) a->off = a->len = 0;
  watch(epoll, EPOLL_CTL_MOD, fd, EPOLLIN | (a->len ? EPOLLOUT : 0), fd);
}

static int listen_on(int port) {
  int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  struct sockaddr_in a = address("127.0.0.1", port);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(fd, (struct sockaddr *)&a, sizeof a)) die("bind");
  if (listen(fd, 4096)) die("listen");
  make_ready(fd);
  return fd;
}

static void accept_all(int epoll, int listener, Answer *answers) {
  for (int fd; (fd = accept(listener, NULL, NULL)) >= 0;) {
    if (fd >= MAX_FILES) die("too many sessions");
    make_ready(fd);
    answers[fd].off = answers[fd].len = 0;
    watch(epoll, EPOLL_CTL_ADD, fd, EPOLLIN, fd);
  }
}

static void serve(int port, int lines) {
  static Answer answers[MAX_FILES];
  static char in[65536];
  struct epoll_event events[EVENTS];
  size_t size;
  char *reply = make_reply(lines, &size);
  int listener = listen_on(port), epoll = epoll_create1(0);
  watch(epoll, EPOLL_CTL_ADD, listener, EPOLLIN, listener);
  printf("ready %d\n", port);
  fflush(stdout);
  for (;;) {
    int n = epoll_wait(epoll, events, EVENTS, -1);
    for (int i = 0; i < n; i++) {
      int fd = events[i].data.u32;
      if (fd == listener) {
        accept_all(epoll, listener, answers);
        continue;
      }
      if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
        ssize_t got = read(fd, in, sizeof in);
        if (got < 0 && errno == EAGAIN) continue;
        if (got <= 0) {
          close(fd);
          continue;
        }
        for (ssize_t k = 0; k < got; k++)
          if (in[k] == '\n') append(&answers[fd], reply, size);
      }
      if (answers[fd].len) flush_answer(epoll, fd, &answers[fd]);
    }
  }
}

/* ---- client ---- */

typedef struct {
  int fd;   /* -1: lost */
  int owed; /* line ends still to come */
  long requests;
  double due, next; /* when the request under way was due; when the next is */
} Session;

static struct {
  Session *sessions;
  int count, lines, epoll;
  double rate, end;
  float *latencies;
  long answered, sent, lost;
  double bytes;
} load;

static void lose(Session *s) {
  close(s->fd);
  s->fd = -1;
  load.lost++;
}

static void ask(Session *s, double due) {
  char line[96];
  int n = sprintf(line, "say hello friend number %ld of %ld\r\n", s->requests++, (long)(s - load.sessions));
  s->due = due;
  s->owed = load.lines;
  if (write(s->fd, line, n) == n) load.sent++;
  else lose(s);
}

static void hear(Session *s) {
  static char in[262144];
  ssize_t got = read(s->fd, in, sizeof in);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) {
    lose(s);
    return;
  }
  double t = now();
  if (t < load.end) load.bytes += got;
  for (ssize_t k = 0; k < got; k++) {
    if (in[k] != '\n' || !s->owed || --s->owed) continue;
    if (t >= load.end) continue;
    if (load.answered < MAX_LATENCIES) load.latencies[load.answered++] = (t - s->due) * 1e6;
    if (load.rate <= 0) ask(s, t);
  }
}

/* Sends what is due, and says when something is next. */
static double ask_due(double t) {
  double soon = load.end;
  if (load.rate <= 0) return soon;
  for (int i = 0; i < load.count; i++) {
    Session *s = &load.sessions[i];
    if (s->fd < 0 || s->owed) continue;
    if (s->next <= t) {
      ask(s, s->next);
      s->next += 1 / load.rate;
    } else if (s->next < soon) soon = s->next;
  }
  return soon;
}

static int owing(void) {
  int n = 0;
  for (int i = 0; i < load.count; i++) n += load.sessions[i].fd >= 0 && load.sessions[i].owed > 0;
  return n;
}

static void wait_until(double when) {
  struct epoll_event events[EVENTS];
  double left = (when - now()) * 1000;
  int n = epoll_wait(load.epoll, events, EVENTS, left < 0 ? 0 : left > 100 ? 100 : (int)left);
  for (int i = 0; i < n; i++) {
    Session *s = &load.sessions[events[i].data.u32];
    if (s->fd >= 0) hear(s);
  }
}

static void dial_all(const char *host, int port) {
  struct sockaddr_in a = address(host, port);
  for (int i = 0; i < load.count; i++) {
    Session *s = &load.sessions[i];
    s->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(s->fd, (struct sockaddr *)&a, sizeof a)) {
      lose(s);
      continue;
    }
    make_ready(s->fd);
    watch(load.epoll, EPOLL_CTL_ADD, s->fd, EPOLLIN, i);
  }
}

static int by_size(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return x < y ? -1 : x > y;
}

static double percentile(double q) { return load.answered ? load.latencies[(long)((load.answered - 1) * q)] : 0; }

static int report(double seconds) {
  qsort(load.latencies, load.answered, sizeof *load.latencies, by_size);
  printf("{\"sessions\":%d,\"sent\":%ld,\"requests\":%ld,\"req_s\":%.0f,\"out_MB_s\":%.2f,\"p50_us\":%.0f,\"p90_us\":%.0f,\"p99_us\":%.0f,"
         "\"p999_us\":%.0f,\"max_us\":%.0f,\"lost\":%ld}\n",
         load.count, load.sent, load.answered, load.answered / seconds, load.bytes / seconds / 1e6, percentile(.5), percentile(.9),
         percentile(.99), percentile(.999), percentile(1), load.lost);
  return load.lost != 0;
}

static int drive(const char *host, int port, int count, double seconds, int lines, double rate) {
  load.sessions = calloc(count, sizeof *load.sessions);
  load.latencies = malloc(sizeof(float) * MAX_LATENCIES);
  load.count = count, load.lines = lines, load.rate = rate, load.epoll = epoll_create1(0);
  dial_all(host, port);
  double start = now();
  load.end = start + seconds;
  srand(1);
  for (int i = 0; i < count; i++) {
    load.sessions[i].next = start + (rate > 0 ? rand() / (double)RAND_MAX / rate : 0);
    if (rate <= 0 && load.sessions[i].fd >= 0) ask(&load.sessions[i], now());
  }
  for (double t; (t = now()) < load.end;) wait_until(ask_due(t));
  for (double last = load.end + DRAIN_S; owing() && now() < last;) wait_until(last);
  load.lost += owing();
  return report(seconds);
}

int main(int n, char **a) {
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  if (n == 4 && !strcmp(a[1], "server")) serve(atoi(a[2]), atoi(a[3]));
  if (n == 8 && !strcmp(a[1], "client")) return drive(a[2], atoi(a[3]), atoi(a[4]), atof(a[5]), atoi(a[6]), atof(a[7]));
  fprintf(stderr, "usage: lineload server PORT LINES | lineload client HOST PORT CONNS SECONDS LINES RATE\n");
  return 2;
}
