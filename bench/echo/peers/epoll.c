// A single-threaded echo server on epoll: read what there is, write it back.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static char buf[1 << 16];

// A reply that does not fit the socket's buffer is waited out: with one
// outstanding request a connection it always fits.
static int echo(int fd) {
    ssize_t n = read(fd, buf, sizeof buf);
    if (n <= 0) return n < 0 && errno == EAGAIN;
    for (ssize_t off = 0; off < n;) {
        ssize_t w = write(fd, buf + off, n - off);
        if (w < 0 && errno == EAGAIN) continue;
        if (w < 0) return 0;
        off += w;
    }
    return 1;
}

int main(void) {
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
        int n = epoll_wait(ep, evs, 256, -1);
        for (int i = 0; i < n; i++) {
            int fd = evs[i].data.fd;
            if (fd != l) {
                if (!echo(fd)) close(fd);
                continue;
            }
            int c = accept4(l, NULL, NULL, SOCK_NONBLOCK), one = 1;
            if (c < 0) continue;
            setsockopt(c, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
            ev.events = EPOLLIN;
            ev.data.fd = c;
            epoll_ctl(ep, EPOLL_CTL_ADD, c, &ev);
        }
    }
}
