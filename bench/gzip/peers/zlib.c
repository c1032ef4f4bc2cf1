/* zlib encode LEVEL FILE times one gzip compression of FILE by zlib, zlib decode
 * TIMES FILE so many decompressions in pieces of 32 KiB. It prints the nanoseconds on the wall, those
 * of processor time, and the bytes of output. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

static struct timespec wall, cpu;

static void start(void) {
    clock_gettime(CLOCK_MONOTONIC, &wall);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
}

static long long since(clockid_t clock, struct timespec *then) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (now.tv_sec - then->tv_sec) * 1000000000LL + now.tv_nsec - then->tv_nsec;
}

static int encode(z_stream *z, int level, unsigned char *out, size_t room) {
    if (deflateInit2(z, level, Z_DEFLATED, 31, 8, 0) != Z_OK) return 0;
    z->next_out = out;
    z->avail_out = room;
    if (deflate(z, Z_FINISH) != Z_STREAM_END) return 0;
    deflateEnd(z);
    return 1;
}

static int decode(z_stream *z, unsigned char *out, size_t room) {
    int err = Z_OK;
    if (inflateInit2(z, 31) != Z_OK) return 0;
    while (err == Z_OK) {
        z->next_out = out;
        z->avail_out = room;
        err = inflate(z, Z_NO_FLUSH);
    }
    inflateEnd(z);
    return err == Z_STREAM_END;
}

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    FILE *f = fopen(argv[3], "rb");
    if (!f) return 1;
    int decodes = !strcmp(argv[1], "decode"), number = atoi(argv[2]);
    fseek(f, 0, SEEK_END);
    size_t n = ftell(f), room = decodes ? 32768 : n + n / 8 + 65536;
    rewind(f);
    unsigned char *in = malloc(n), *out = malloc(room);
    if (!in || !out || fread(in, 1, n, f) != n) return 1;
    memset(out, 1, room); /* its pages are there */
    size_t total = 0;
    start();
    for (int i = 0; i < (decodes ? number : 1); i++) {
        z_stream z = {.next_in = in, .avail_in = n};
        if (!(decodes ? decode(&z, out, room) : encode(&z, number, out, room))) return 1;
        total += z.total_out;
    }
    printf("%lld %lld %zu\n", since(CLOCK_MONOTONIC, &wall), since(CLOCK_PROCESS_CPUTIME_ID, &cpu), total);
    return 0;
}
