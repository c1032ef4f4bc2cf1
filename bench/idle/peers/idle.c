#define _GNU_SOURCE
// A single-threaded server on epoll that echoes, and beats every BEAT_MS on every
// connection, the first time so long after it came. All have the same period, so that a queue
// in the order of their coming is the order of their beats.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 1 << 17 };

static char buf[1 << 16];
static struct { int fd; long due; } queue[MOST]; // a ring: first beats next
static long first, last;
static char gone[1 << 20];
static long period; // ms

static long now(void) { // ms
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void beat(long t) {
    while (first < last && queue[first % MOST].due <= t) {
        int fd = queue[first % MOST].fd;
        long due = queue[first++ % MOST].due;
        if (gone[fd]) {
            gone[fd] = 0;
            close(fd);
            continue;
        }
        if (write(fd, "b", 1) < 0 && errno != EAGAIN) gone[fd] = 1;
        queue[last % MOST].fd = fd;
        queue[last++ % MOST].due = due + period;
    }
}

int main(void) {
    const char *text = getenv("BEAT_MS");
    period = text ? atol(text) : 1000;
    int l = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof addr;
    if (bind(l, (struct sockaddr *)&addr, len) || listen(l, 4096) || getsockname(l, (struct sockaddr *)&addr, &len))
        return perror("listen"), 1;
    printf("%d\n", ntohs(addr.sin_port));
    fflush(stdout);
    int ep = epoll_create1(0);
    struct epoll_event ev = {.events = EPOLLIN, .data.fd = l}, evs[256];
    epoll_ctl(ep, EPOLL_CTL_ADD, l, &ev);
    for (;;) {
        long wait = -1, t = now();
        if (first < last) wait = queue[first % MOST].due > t ? queue[first % MOST].due - t : 0;
        int n = epoll_wait(ep, evs, 256, (int)wait);
        for (int i = 0; i < n; i++) {
            int fd = evs[i].data.fd;
            if (fd != l) {
                ssize_t got = read(fd, buf, sizeof buf);
                if (got > 0) {
                    if (write(fd, buf, got) < 0) gone[fd] = 1;
                } else if (got == 0 || errno != EAGAIN) {
                    epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL);
                    gone[fd] = 1; // closed when its beat comes
                }
                continue;
            }
            int c = accept4(l, NULL, NULL, SOCK_NONBLOCK), one = 1;
            if (c < 0) continue;
            setsockopt(c, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
            ev.events = EPOLLIN;
            ev.data.fd = c;
            epoll_ctl(ep, EPOLL_CTL_ADD, c, &ev);
            queue[last % MOST].fd = c;
            queue[last++ % MOST].due = now() + period;
        }
        beat(now());
    }
}
